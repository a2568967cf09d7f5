// The root of a container: where it comes from, and the way into it.
#ifndef STRATA_OCI_ROOTFS_H
#define STRATA_OCI_ROOTFS_H

#include "json.h"

// In the launcher: the root as a tree of mounts that is attached to nothing; `root` is the path of `root.path`.
int rootfs_take(struct arena *arena, const struct json *config, const char *root);
// In the container's new mount namespace: no mount leaves it or comes into it any more, and the tree is attached at
// `place`, a directory anybody may go to. An O_PATH descriptor of it.
int rootfs_attach(const struct json *config, int tree, const char *place);
// Makes it the root, and lets go of the host's.
int rootfs_enter(const struct json *config, int root);
// Masks and seals what config.json lists. In the container's root.
int rootfs_protect(const struct json *config, int root);

#endif
