// Small files, directories and trees of them.
#ifndef STRATA_OCI_FILE_H
#define STRATA_OCI_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arena.h"

// A whole file with a zero after it; NULL and an error. `directory` may be AT_FDCWD.
char *file_read(struct arena *arena, int directory, const char *path, size_t *length);
// The beginning of a file of the kernel, without the newline at its end; its length, or -1 without an error.
int file_peek(int directory, const char *path, char *buffer, size_t size);
// Into a file that is there, in one call as the kernel's files need it; 0, or -1 with errno set and no error.
int file_poke(int directory, const char *path, const char *value);
// Whole, under another name first, so that nobody reads half of it.
int file_replace(const char *path, const void *bytes, size_t length);
// Makes a directory and those above it.
int make_directories(const char *path, unsigned mode);
// Removes a directory with all that is in it, but nothing of other mounts; absent is no error.
int remove_tree(const char *path);
// Bytes that are allocated below a directory, without other mounts.
int tree_usage(const char *path, uint64_t *bytes, uint64_t *files);
// Adds to the owner and group of a directory and of all that is in it, unless the directory has such an owner already:
// it is the last one that gets it.
int tree_shift(const char *path, uint32_t uid, uint32_t gid);

#endif
