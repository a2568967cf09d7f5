#include "rootfs.h"

#include <errno.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "error.h"
#include "file.h"
#include "kernel.h"
#include "mounts.h"
#include "overlay.h"
#include "root-path.h"

// --- where it comes from --------------------------------------------------------------------------

static int take_overlay(struct arena *arena, const char *annotation, const char *root) {
  const struct json *overlay = json_parse(arena, arena_copy(arena, annotation, strlen(annotation)), strlen(annotation));
  if (!overlay || overlay_mount(arena, overlay, root) < 0) return -1;
  int tree = take_tree(root, false);
  // The tree is all that stays: the host's table of mounts does not grow with its containers.
  if (umount2(root, MNT_DETACH) < 0 && tree >= 0) {
    close(tree);
    return fail_os("umount %s", root);
  }
  return tree;
}

int rootfs_take(struct arena *arena, const struct json *config, const char *root) {
  const struct json *annotations = json_get(config, "annotations");
  const char *overlay = json_text(json_get(annotations, "org.strata.rootfs"), NULL);
  return overlay ? take_overlay(arena, overlay, root) : take_tree(root, true);
}

int rootfs_attach(const struct json *config, int tree, const char *place) {
  const char *name = json_text(json_find(config, "linux.rootfsPropagation"), "private");
  unsigned long propagation = propagation_flags(name);
  if (!propagation) return fail(INVALID_ARGUMENT, "Unknown rootfsPropagation %s", name);
  // Until it is entered nothing may come through, whatever it shall be in the end.
  if (mount(NULL, "/", NULL, MS_REC | (propagation & (MS_SHARED | MS_SLAVE) ? MS_SLAVE : MS_PRIVATE), NULL) < 0) {
    return fail_os("propagation of mounts");
  }
  if (move_mount(tree, "", AT_FDCWD, place, MOVE_FROM_FD) < 0) return fail_os("root on %s", place);
  struct mount_attributes attributes = {.propagation = MS_PRIVATE};
  int root = open(place, O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (root < 0) return fail_os("%s", place);
  if (mount_setattr(root, "", AT_EMPTY_PATH, &attributes) < 0) return fail_os("propagation of the root");
  return root;
}

int rootfs_enter(const struct json *config, int root) {
  // The old root comes on top of the new one, and goes.
  if (fchdir(root) < 0 || pivot_root(".", ".") < 0 || umount2(".", MNT_DETACH) < 0 || chdir("/") < 0) {
    return fail_os("pivot_root");
  }
  // A root that is shared could not be entered.
  unsigned long propagation = propagation_flags(json_text(json_find(config, "linux.rootfsPropagation"), "private"));
  return mount(NULL, "/", NULL, propagation, NULL) < 0 ? fail_os("propagation of the root") : 0;
}

// --- what is not to be seen or written ------------------------------------------------------------

static bool is_null_device(int fd) {
  struct stat status;
  return fstat(fd, &status) == 0 && S_ISCHR(status.st_mode) && status.st_rdev == makedev(1, 3);
}

// The first directory that is masked gets an empty file system, all others the same one.
static int mask_directory(int target, const char *path, int *empty) {
  if (*empty >= 0) {
    int tree = open_tree(*empty, "", TREE_CLONE | TREE_CLOEXEC | AT_EMPTY_PATH);
    int result = tree < 0 ? fail_os("mask %s", path) : put_tree(tree, target, path);
    if (tree >= 0) close(tree);
    return result;
  }
  if (fchdir(target) < 0 || mount("tmpfs", ".", "tmpfs", MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, "size=0k,nr_inodes=2")) {
    return fail_os("mask %s", path);
  }
  if (chdir("/") < 0) return fail_os("/");
  *empty = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
  return 0;
}

static int mask(int target, const char *path, int null, int *empty) {
  struct stat status;
  if (fstat(target, &status) < 0) return fail_os("mask %s", path);
  if (S_ISDIR(status.st_mode)) return mask_directory(target, path, empty);
  int tree = open_tree(null, "", TREE_CLONE | TREE_CLOEXEC | AT_EMPTY_PATH);
  int result = tree < 0 ? fail_os("mask %s", path) : put_tree(tree, target, path);
  if (tree >= 0) close(tree);
  return result;
}

static int mask_all(const struct json *paths, int root) {
  if (!paths || !paths->first) return 0;
  int null = root_find(root, "/dev/null"), empty = -1, result = 0;
  if (null < 0 || !is_null_device(null)) {
    if (null >= 0) close(null);
    return fail(FAILED_PRECONDITION, "/dev/null in the container is not the null device");
  }
  for (const struct json *item = paths->first; item && result == 0; item = item->next) {
    const char *path = json_text(item, "");
    int target = root_find(root, path);
    if (target < 0 && errno != ENOENT && errno != ENOTDIR) result = fail_os("mask %s", path);
    if (target < 0) continue;
    result = mask(target, path, null, &empty);
    close(target);
  }
  close(null);
  if (empty >= 0) close(empty);
  return result;
}

static int seal(int target, const char *path) {
  struct mount_attributes read_only = {.set = ATTR_RDONLY};
  int tree = open_tree(target, "", TREE_CLONE | TREE_CLOEXEC | AT_EMPTY_PATH | AT_RECURSIVE);
  if (tree < 0) return fail_os("read-only %s", path);
  int result = mount_setattr(tree, "", AT_EMPTY_PATH | AT_RECURSIVE, &read_only) < 0 ? fail_os("read-only %s", path)
                                                                                     : put_tree(tree, target, path);
  close(tree);
  return result;
}

static int seal_all(const struct json *paths, int root) {
  json_each(item, paths) {
    const char *path = json_text(item, "");
    int target = root_find(root, path);
    if (target < 0 && errno != ENOENT && errno != ENOTDIR) return fail_os("read-only %s", path);
    if (target < 0) continue;
    int result = seal(target, path);
    close(target);
    if (result < 0) return -1;
  }
  return 0;
}

int rootfs_protect(const struct json *config, int root) {
  if (seal_all(json_find(config, "linux.readonlyPaths"), root) < 0) return -1;
  if (mask_all(json_find(config, "linux.maskedPaths"), root) < 0) return -1;
  if (!json_true(json_find(config, "root.readonly"))) return 0;
  struct mount_attributes read_only = {.set = ATTR_RDONLY};
  return mount_setattr(AT_FDCWD, "/", 0, &read_only) < 0 ? fail_os("read-only root") : 0;
}
