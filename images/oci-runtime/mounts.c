#include "mounts.h"

#include <errno.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "error.h"
#include "root-path.h"

int take_tree(const char *path, bool recursive) {
  int tree = open_tree(AT_FDCWD, path, TREE_CLONE | TREE_CLOEXEC | (recursive ? AT_RECURSIVE : 0));
  return tree < 0 ? fail_os("mount %s", path) : tree;
}

int put_tree(int tree, int target, const char *name) {
  if (move_mount(tree, "", target, "", MOVE_FROM_FD | MOVE_TO_FD) == 0) return 0;
  return fail_os("mount on %s", name);
}

// --- in the launcher ------------------------------------------------------------------------------

static int take_source(struct mount_point *point) {
  struct stat status;
  point->tree = take_tree(point->source, point->options.recursive);
  if (point->tree < 0) return -1;
  if (fstat(point->tree, &status) < 0) return fail_os("%s", point->source);
  point->is_file = !S_ISDIR(status.st_mode);
  // Mounts that come and go on the host are none of the container's business unless it says so.
  struct mount_attributes private = {.propagation = MS_PRIVATE};
  struct mount_attributes *own = &point->options.own, *below = &point->options.below;
  if (mount_setattr(point->tree, "", AT_EMPTY_PATH | AT_RECURSIVE, &private) < 0 ||
      (own->set | own->clear && mount_setattr(point->tree, "", AT_EMPTY_PATH, own) < 0) ||
      (below->set | below->clear && mount_setattr(point->tree, "", AT_EMPTY_PATH | AT_RECURSIVE, below) < 0)) {
    return fail_os("mount options of %s", point->destination);
  }
  return 0;
}

static int parse_point(struct arena *arena, const struct json *item, struct mount_point *point) {
  *point = (struct mount_point){
      .destination = json_text(json_get(item, "destination"), NULL),
      .type = json_text(json_get(item, "type"), "none"),
      .source = json_text(json_get(item, "source"), NULL),
      .tree = -1,
  };
  if (!point->destination) return fail(INVALID_ARGUMENT, "A mount has no destination");
  if (json_get(item, "uidMappings")) return fail(UNIMPLEMENTED, "%s: mapped mounts are not supported", point->destination);
  if (mount_options_parse(arena, json_get(item, "options"), &point->options) < 0) return -1;
  if (strcmp(point->type, "bind") == 0) point->options.bind = true;
  if (!point->source) point->source = point->type;
  if (!point->options.bind) return 0;
  if (!json_get(item, "source")) return fail(INVALID_ARGUMENT, "%s: a bind mount has no source", point->destination);
  return take_source(point);
}

int mounts_parse(struct arena *arena, const struct json *config, struct mounts *mounts) {
  const struct json *list = json_get(config, "mounts");
  *mounts = (struct mounts){arena_alloc(arena, json_count(list) * sizeof(struct mount_point)), 0, true};
  json_each(item, list) {
    struct mount_point *point = &mounts->points[mounts->count++];
    if (parse_point(arena, item, point) < 0) return -1;
    if (point->options.bind && strcmp(point->destination, "/dev") == 0) mounts->own_dev = false;
  }
  return 0;
}

bool mounts_have_writable_cgroup(const struct mounts *mounts) {
  for (size_t i = 0; i < mounts->count; i++) {
    const struct mount_point *point = &mounts->points[i];
    if (!point->options.bind && strncmp(point->type, "cgroup", 6) == 0) return !(point->options.flags & MS_RDONLY);
  }
  return false;
}

// --- in the container -----------------------------------------------------------------------------

// A link in the image must not decide where these go: who could choose would see another's /proc, or mask it.
static int find_plain(int root, const char *path) {
  int made = root_make(root, path, ENTRY_DIRECTORY, 0755);
  if (made >= 0) close(made);
  if (made < 0) return -1;
  int fd = openat2(root, path, O_PATH | O_DIRECTORY, RESOLVE_ROOT | 0x04 /* RESOLVE_NO_SYMLINKS */);
  return fd < 0 ? fail_os("mount on %s", path) : fd;
}

static int set_propagation(const struct mount_point *point, int root) {
  if (!point->options.propagation) return 0;
  int fd = root_find(root, point->destination);
  struct mount_attributes attributes = {.propagation = point->options.propagation & ~(unsigned long)MS_REC};
  unsigned recursive = point->options.propagation & MS_REC ? AT_RECURSIVE : 0;
  int failed = fd < 0 ? -1 : mount_setattr(fd, "", AT_EMPTY_PATH | recursive, &attributes);
  if (failed) fail_os("propagation of %s", point->destination);
  if (fd >= 0) close(fd);
  return failed ? -1 : 0;
}

static int apply_bind(const struct mount_point *point, int root, int tree, bool is_file) {
  int target = root_make(root, point->destination, is_file ? ENTRY_FILE : ENTRY_DIRECTORY, 0755);
  if (target < 0) return -1;
  int result = put_tree(tree, target, point->destination);
  close(target);
  return result < 0 ? -1 : set_propagation(point, root);
}

// Read-only at the end: other mounts may need a directory in it.
static bool is_sealed_late(const struct mount_point *point) {
  return !point->options.bind && strcmp(point->type, "tmpfs") == 0 && point->options.flags & MS_RDONLY;
}

static int apply_file_system(const struct mount_point *point, int root) {
  bool is_cgroup = strcmp(point->type, "cgroup") == 0;
  bool is_strict = strcmp(point->type, "proc") == 0 || strcmp(point->type, "sysfs") == 0;
  int target = is_strict ? find_plain(root, point->destination)
                         : root_make(root, point->destination, ENTRY_DIRECTORY, 0755);
  if (target < 0) return -1;
  unsigned long flags = point->options.flags & ~(is_sealed_late(point) ? MS_RDONLY : 0ul);
  int failed = fchdir(target);
  close(target);
  if (!failed) failed = mount(point->source, ".", is_cgroup ? "cgroup2" : point->type, flags, point->options.data);
  if (failed) return fail_os("mount %s on %s", point->type, point->destination);
  return set_propagation(point, root);
}

// Without a namespace of its own a container sees its own part of the tree all the same.
static int apply_cgroup(const struct mount_point *point, int root, const char *cgroup) {
  int tree = take_tree(cgroup, false);
  if (tree < 0) return -1;
  struct mount_attributes attributes = point->options.own;
  if (mount_setattr(tree, "", AT_EMPTY_PATH, &attributes) < 0) fail_os("mount on %s", point->destination);
  int result = apply_bind(point, root, tree, false);
  close(tree);
  return result;
}

int mounts_apply(const struct mounts *mounts, int root, const char *cgroup, bool has_cgroup_namespace) {
  for (size_t i = 0; i < mounts->count; i++) {
    const struct mount_point *point = &mounts->points[i];
    bool is_cgroup = strncmp(point->type, "cgroup", 6) == 0;
    int result;
    if (point->options.bind) result = apply_bind(point, root, point->tree, point->is_file);
    else if (is_cgroup && !has_cgroup_namespace) result = apply_cgroup(point, root, cgroup);
    else result = apply_file_system(point, root);
    if (result < 0) return -1;
  }
  return 0;
}

int mounts_seal(const struct mounts *mounts, int root) {
  struct mount_attributes read_only = {.set = ATTR_RDONLY};
  for (size_t i = 0; i < mounts->count; i++) {
    if (!is_sealed_late(&mounts->points[i])) continue;
    int fd = root_find(root, mounts->points[i].destination);
    int failed = fd < 0 ? -1 : mount_setattr(fd, "", AT_EMPTY_PATH, &read_only);
    if (failed) fail_os("read-only %s", mounts->points[i].destination);
    if (fd >= 0) close(fd);
    if (failed) return -1;
  }
  return 0;
}
