#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "files.h"

// Of a file system that is not the root's own a directory is all that is taken.
static bool is_left_out(const struct stat *status, const dev_t *own) { return own && status->st_dev != *own; }

static void put_tree(const char *source, const char *name, const dev_t *own) {
  struct stat status;
  if (lstat(source, &status) < 0) {
    // Gone since its directory was read.
    if (errno == ENOENT) return;
    fail_call("lstat", source);
  }
  tar_put(name, source, &status);
  if (!S_ISDIR(status.st_mode) || is_left_out(&status, own)) return;
  size_t count;
  char **names = list_names(source, &count);
  for (size_t i = 0; i < count; i++) {
    char *child = join(source, names[i]), *child_name = join(name, names[i]);
    put_tree(child, child_name, own);
    free(child);
    free(child_name);
  }
  free_names(names, count);
}

// The tar of what is at `path`, called `name` in it; `apart`: without what is mounted below.
void pack(const char *path, const char *name, bool apart) {
  struct stat status;
  if (lstat(path, &status) < 0) fail_call("lstat", path);
  put_tree(path, name, apart ? &status.st_dev : NULL);
  tar_finish();
}
