// The cgroup of a container, by the files of cgroup v2.
#ifndef STRATA_OCI_CGROUP_H
#define STRATA_OCI_CGROUP_H

#include <stdbool.h>
#include <stdint.h>

#include "json.h"

#define CGROUP_ROOT "/sys/fs/cgroup"

// `path` begins with a slash and is meant below CGROUP_ROOT. All names are relative to the cgroup.

// Makes it and those above it, with every controller there is; fails when it has processes. An O_PATH descriptor.
int cgroup_make(const char *path);
int cgroup_open(const char *path);
// Lets a user make groups below it and move processes between them; its limits stay the host's.
int cgroup_give(int cgroup, uint32_t uid);
// Applies `linux.resources`, without devices.
int cgroup_limit(int cgroup, const struct json *resources);
// A number out of a file "name number" per line, or of a file of one number for a NULL name; `otherwise` if it is
// not there or says "max".
uint64_t cgroup_number(int cgroup, const char *file, const char *name, uint64_t otherwise);
// The same of a text that was read already.
uint64_t cgroup_value(const char *text, const char *name, uint64_t otherwise);
int cgroup_freeze(const char *path, bool frozen);
bool cgroup_is_frozen(const char *path);
int cgroup_kill(const char *path);
// Kills what is still in it and removes it with what is below it; absent is no error.
int cgroup_remove(const char *path);

#endif
