// The mounts of config.json.
#ifndef STRATA_OCI_MOUNTS_H
#define STRATA_OCI_MOUNTS_H

#include "mount-options.h"

struct mount_point {
  const char *destination, *type, *source;
  struct mount_options options;
  // Of a bind mount: its source, taken in the host's mount namespace and attached to nothing yet.
  int tree;
  bool is_file;
};

struct mounts {
  struct mount_point *points;
  size_t count;
  // Nothing of the host's comes in the place of /dev, so that it gets the usual files.
  bool own_dev;
};

// In the launcher: reads the list, and takes the sources of bind mounts.
int mounts_parse(struct arena *arena, const struct json *config, struct mounts *mounts);
// In the container's mount namespace: puts all of them below `root`, an O_PATH descriptor.
int mounts_apply(const struct mounts *mounts, int root, const char *cgroup, bool has_cgroup_namespace);
// The last step, when nothing has to be made in them any more: those that are read-only become so.
// Whether the container can write its own part of the tree of cgroups.
bool mounts_have_writable_cgroup(const struct mounts *mounts);
int mounts_seal(const struct mounts *mounts, int root);
// A copy of the mount at `path` with what is below it, attached to nothing.
int take_tree(const char *path, bool recursive);
// Attaches it to what is open at `target`.
int put_tree(int tree, int target, const char *name);

#endif
