// `linux.namespaces` of config.json: those that are made, and those that are joined.
#ifndef STRATA_OCI_NAMESPACES_H
#define STRATA_OCI_NAMESPACES_H

#include "json.h"

struct namespace_join {
  uint64_t flag;
  const char *path;
  int fd;
};

struct namespaces {
  // CLONE_NEW* of those to make.
  uint64_t made;
  struct namespace_join joined[8];
  size_t join_count;
};

// Names and flags of all kinds, in alphabetical order; `file` is that below /proc/PID/ns. Ended by a name of NULL.
extern const struct namespace_kind {
  const char *name, *file;
  uint64_t flag;
} namespace_kinds[];

int namespaces_parse(const struct json *config, struct namespaces *namespaces);
// Whether one of that kind is made or joined, so that it is not this process's.
bool namespaces_have(const struct namespaces *namespaces, uint64_t flag);
// In the launcher, for what only children of a process get: the pid and time namespaces.
int namespaces_prepare(const struct json *config, const struct namespaces *namespaces);
// In the child, which is in those that clone made.
int namespaces_enter(const struct namespaces *namespaces);
// In the launcher: `linux.uidMappings` and `gidMappings` for a child in a new user namespace.
int namespaces_map_users(const struct json *config, int pid);
// The id outside of a user inside; false for one who has none.
bool namespaces_find_user(const struct json *config, uint32_t uid, uint32_t *found);
// In the child: becomes the root of its user namespace.
int namespaces_become_root(void);

#endif
