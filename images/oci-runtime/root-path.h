// Paths of a container, resolved below its root whatever links its image has.
#ifndef STRATA_OCI_ROOT_PATH_H
#define STRATA_OCI_ROOT_PATH_H

#include <stdbool.h>

enum entry_kind { ENTRY_DIRECTORY, ENTRY_FILE };

// What is at `path`: an O_PATH descriptor, or -1 with errno and no error.
int root_find(int root, const char *path);
// The same, but made with the directories above it when it is not there: -1 and an error when that fails.
int root_make(int root, const char *path, enum entry_kind kind, unsigned mode);
// The directory that `path` is in, made when it is not there, and the last part of `path` in `name`.
int root_parent(int root, const char *path, const char **name);

#endif
