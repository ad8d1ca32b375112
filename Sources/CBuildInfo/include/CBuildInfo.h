#pragma once
/// The commit that was built; empty if unknown.
const char *towline_build_commit(void);
