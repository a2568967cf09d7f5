#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "files.h"

static void put_tree(const char *source, const char *name) {
  struct stat status;
  if (lstat(source, &status) < 0) {
    // Gone since its directory was read.
    if (errno == ENOENT) return;
    fail_call("lstat", source);
  }
  tar_put(name, source, &status);
  if (!S_ISDIR(status.st_mode)) return;
  size_t count;
  char **names = list_names(source, &count);
  for (size_t i = 0; i < count; i++) {
    char *child = join(source, names[i]), *child_name = join(name, names[i]);
    put_tree(child, child_name);
    free(child);
    free(child_name);
  }
  free_names(names, count);
}

// The tar of what is at `path`, called `name` in it.
void pack(const char *path, const char *name) {
  struct stat status;
  if (lstat(path, &status) < 0) fail_call("lstat", path);
  put_tree(path, name);
  tar_finish();
}
