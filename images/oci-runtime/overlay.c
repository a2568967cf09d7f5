#include "overlay.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "error.h"
#include "file.h"
#include "kernel.h"

// What a mount's options may be long in all: the kernel copies one page.
#define MAX_OPTIONS 4095

// How many bytes of all paths are one directory's name with its slash.
static size_t common_directory(const char *const *paths) {
  size_t length = 0;
  for (size_t i = 0; paths[0][i]; i++) {
    for (size_t k = 1; paths[k]; k++) {
      if (paths[k][i] != paths[0][i]) return length;
    }
    if (paths[0][i] == '/') length = i + 1;
  }
  return length;
}

// A colon or a comma in a name would end it.
static void add_path(struct text *options, const char *path) {
  for (; *path; path++) {
    if (*path == ':' || *path == ',' || *path == '\\') text_add(options, "\\");
    text_bytes(options, path, 1);
  }
}

static int mount_options(struct text *options, const struct json *overlay, const char *const *lower, size_t prefix) {
  size_t count = 0;
  while (lower[count]) count++;
  text_add(options, "lowerdir=");
  // The kernel wants the highest first.
  for (size_t i = count; i-- > 0;) {
    add_path(options, lower[i] + prefix);
    if (i > 0) text_add(options, ":");
  }
  const char *upper = json_text(json_get(overlay, "upper"), NULL), *work = json_text(json_get(overlay, "work"), NULL);
  if (upper) {
    if (!work) return fail(INVALID_ARGUMENT, "An overlay with upper needs work");
    if (make_directories(upper, 0755) < 0 || make_directories(work, 0700) < 0) return -1;
    text_add(options, ",upperdir=");
    add_path(options, upper);
    text_add(options, ",workdir=");
    add_path(options, work);
    if (json_true(json_get(overlay, "volatile"))) text_add(options, ",volatile");
    // So that another owner does not take a copy of a file's contents.
    if (json_get(overlay, "shift") || json_true(json_get(overlay, "metacopy"))) text_add(options, ",metacopy=on");
  }
  if (options->length > MAX_OPTIONS) {
    return fail(RESOURCE_EXHAUSTED, "%zu layers have names that are too long in all: %zu bytes of %d", count,
                options->length, MAX_OPTIONS);
  }
  return 0;
}

// With the layers' common directory as the current one their names become short, so that many of them fit.
static int mount_from(const char *directory, size_t length, const char *target, unsigned long flags, const char *options) {
  char path[4096];
  int before = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (length >= sizeof path || before < 0) {
    if (before >= 0) close(before);
    return fail(INVALID_ARGUMENT, "%s: too long", target);
  }
  memcpy(path, directory, length);
  path[length] = 0;
  int failed = length > 0 && chdir(path) < 0 ? -1 : mount("overlay", target, "overlay", flags, options);
  int number = errno;
  if (fchdir(before) < 0) failed = -1;
  close(before);
  errno = number;
  return failed ? fail_os("overlay on %s", target) : 0;
}

static int bind_layer(const char *layer, const char *target) {
  int tree = open_tree(AT_FDCWD, layer, TREE_CLONE | TREE_CLOEXEC);
  struct mount_attributes read_only = {.set = ATTR_RDONLY};
  int failed = tree < 0 || mount_setattr(tree, "", AT_EMPTY_PATH, &read_only) < 0 ||
               move_mount(tree, "", AT_FDCWD, target, MOVE_FROM_FD) < 0;
  if (failed) fail_os("mount %s on %s", layer, target);
  if (tree >= 0) close(tree);
  return failed ? -1 : 0;
}

// 6.1 cannot map the owners of an overlay, so that files get others in the upper layer.
static int shift_owners(const struct json *shift, const char *target) {
  uint64_t uid, gid;
  if (!json_uint(json_get(shift, "uid"), &uid) || !json_uint(json_get(shift, "gid"), &gid) || uid == 0 || uid > UINT32_MAX / 2 ||
      gid > UINT32_MAX / 2) {
    return fail(INVALID_ARGUMENT, "shift needs a uid and a gid");
  }
  if (tree_shift(target, (uint32_t)uid, (uint32_t)gid) == 0) return 0;
  struct error error = last_error;
  umount2(target, MNT_DETACH);
  last_error = error;
  return -1;
}

int overlay_mount(struct arena *arena, const struct json *overlay, const char *target) {
  const char *const *lower = json_strings(arena, json_get(overlay, "lower"), "lower");
  if (!lower) return -1;
  if (!lower[0]) return fail(INVALID_ARGUMENT, "An overlay needs at least one lower directory");
  for (size_t i = 0; lower[i]; i++) {
    if (*lower[i] != '/') return fail(INVALID_ARGUMENT, "%s: not an absolute path", lower[i]);
  }
  if (make_directories(target, 0755) < 0) return -1;
  if (json_get(overlay, "shift") && !json_get(overlay, "upper")) {
    return fail(INVALID_ARGUMENT, "An overlay with shift needs upper");
  }
  if (!lower[1] && !json_get(overlay, "upper")) return bind_layer(lower[0], target);
  struct text options = {0};
  size_t prefix = common_directory(lower);
  int result = mount_options(&options, overlay, lower, prefix);
  if (result == 0) {
    unsigned long flags = json_true(json_get(overlay, "readonly")) ? MS_RDONLY : 0;
    result = mount_from(lower[0], prefix, target, flags, text_end(&options));
  }
  text_free(&options);
  const struct json *shift = json_get(overlay, "shift");
  return result == 0 && shift ? shift_owners(shift, target) : result;
}
