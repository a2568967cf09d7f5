#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#include "files.h"

bool is_whiteout(const struct stat *status) { return S_ISCHR(status->st_mode) && status->st_rdev == makedev(0, 0); }

bool is_opaque(const char *path) {
  char value;
  return lgetxattr(path, "trusted.overlay.opaque", &value, 1) == 1 && value == 'y';
}

bool is_moved(const char *path) { return lgetxattr(path, "trusted.overlay.redirect", NULL, 0) > 0; }

static bool is_below(const char *path, const char *directory) {
  size_t length = strlen(directory);
  return !strncmp(path, directory, length) && (path[length] == 0 || path[length] == '/');
}

// A mount point itself has to be empty; a directory on the way to one must have nothing else in it.
bool is_mount_point(const char *path, const char *source, const struct stat *status, int argc, char **argv) {
  bool leads = false;
  for (int i = 0; i < argc; i++) leads = leads || is_below(argv[i], path);
  if (!leads) return false;
  if (!S_ISDIR(status->st_mode)) return S_ISREG(status->st_mode) && status->st_size == 0;
  size_t count;
  char **names = list_names(source, &count);
  bool only = true;
  for (size_t i = 0; only && i < count; i++) {
    char *child = join(path, names[i]), *child_source = join(source, names[i]);
    struct stat child_status;
    only = lstat(child_source, &child_status) == 0 && is_mount_point(child, child_source, &child_status, argc, argv);
    free(child);
    free(child_source);
  }
  free_names(names, count);
  return only;
}

struct walk {
  const char *lower;
  int argc;
  char **argv;
};

static bool in_lower(const struct walk *walk, const char *path) {
  struct stat status;
  char *below = join(walk->lower, path + 1);
  bool found = lstat(below, &status) == 0;
  free(below);
  return found;
}

static void put_mark(const char *directory, const char *name, const struct stat *like) {
  char *marked = join(directory, name);
  tar_put_mark(marked + 1, like);
  free(marked);
}

static void put_below(const struct walk *walk, const char *path, const char *source);

static void put_change(const struct walk *walk, const char *path, const char *source, const struct stat *status) {
  bool existed = in_lower(walk, path);
  if (!existed && is_mount_point(path, source, status, walk->argc, walk->argv)) return;
  char *entire = whole ? join(whole, path + 1) : NULL;
  tar_put(path + 1, entire ? entire : source, status);
  if (S_ISDIR(status->st_mode)) {
    bool moved = entire && is_moved(source);
    if (is_opaque(source) || (moved && existed)) put_mark(path, ".wh..wh..opq", status);
    // A layer has no moves: all that came along is new here.
    put_below(walk, path, moved ? entire : source);
  }
  free(entire);
}

// `path` is absolute in the container, `source` where it is in the upper directory, or in `whole` when it was moved.
static void put_below(const struct walk *walk, const char *path, const char *source) {
  size_t count;
  char **names = list_names(source, &count);
  for (size_t i = 0; i < count; i++) {
    char *child = join(path, names[i]), *child_source = join(source, names[i]);
    struct stat status;
    if (lstat(child_source, &status) == 0) {
      if (is_whiteout(&status)) {
        char *mark = allocate(NULL, strlen(names[i]) + 5);
        sprintf(mark, ".wh.%s", names[i]);
        put_mark(path, mark, &status);
        free(mark);
      } else {
        put_change(walk, child, child_source, &status);
      }
    } else if (errno != ENOENT) {
      fail_call("lstat", child_source);
    }
    free(child);
    free(child_source);
  }
  free_names(names, count);
}

// An OCI layer of what a container changed (image-spec, layer.md): whiteouts as files. `argv`: the merged lower
// directories, then paths where things were mounted.
void layer(const char *upper, int argc, char **argv) {
  if (argc < 1) fail(INVALID, "layer UPPER LOWER [MOUNT-POINT...]");
  struct walk walk = {argv[0], argc - 1, argv + 1};
  put_below(&walk, "/", upper);
  tar_finish();
}
