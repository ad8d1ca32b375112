#include "CBuildInfo.h"

// Package.swift defines it from the environment variable BUILD_COMMIT, so that a new commit recompiles this file only.
#ifndef TOWLINE_COMMIT
#define TOWLINE_COMMIT ""
#endif

const char *towline_build_commit(void) { return TOWLINE_COMMIT; }
