#pragma once
#include <stddef.h>

/// A file of the repository that is part of the executable.
struct towline_embedded_file {
    /// The path below the root of the repository.
    const char *path;
    const unsigned char *bytes;
    size_t size;
};

/// The file at this index, in the order of paths; its path is NULL after the last one.
struct towline_embedded_file towline_embedded_file(size_t index);
