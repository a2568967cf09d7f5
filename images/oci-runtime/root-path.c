#include "root-path.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "error.h"
#include "kernel.h"

// As many as the kernel follows.
#define MAX_LINKS 40

int root_find(int root, const char *path) { return openat2(root, path, O_PATH, RESOLVE_ROOT | RESOLVE_NO_MAGIC); }

static int make(int root, const char *path, enum entry_kind kind, unsigned mode, int links);

// Divides "a/b/" into "a" and "b"; the first part is empty for what is in the root itself.
static bool split(const char *path, char *directory, char *name) {
  size_t end = strlen(path);
  while (end > 0 && path[end - 1] == '/') end--;
  size_t start = end;
  while (start > 0 && path[start - 1] != '/') start--;
  if (end == start || end - start > NAME_MAX || start >= PATH_MAX) return false;
  memcpy(name, path + start, end - start);
  name[end - start] = 0;
  memcpy(directory, path, start);
  directory[start] = 0;
  return true;
}

// `name` is there and leads nowhere: what it points to is made.
static int make_target(int root, int parent, const char *directory, const char *name, enum entry_kind kind,
                       unsigned mode, int links) {
  char target[PATH_MAX], path[2 * PATH_MAX];
  ssize_t length = readlinkat(parent, name, target, sizeof target - 1);
  if (length < 0 || links >= MAX_LINKS) return fail(INVALID_ARGUMENT, "%s/%s: its link leads nowhere", directory, name);
  target[length] = 0;
  snprintf(path, sizeof path, "%s/%s", *target == '/' ? "" : directory, target);
  return make(root, path, kind, mode, links + 1);
}

static int make(int root, const char *path, enum entry_kind kind, unsigned mode, int links) {
  int found = root_find(root, *path ? path : "/");
  if (found >= 0) return found;
  char directory[PATH_MAX], name[NAME_MAX + 1];
  if (errno != ENOENT || !split(path, directory, name)) return fail_os("%s", path);
  int parent = make(root, directory, ENTRY_DIRECTORY, 0755, links);
  if (parent < 0) return -1;
  int failed = kind == ENTRY_DIRECTORY ? mkdirat(parent, name, mode) : mknodat(parent, name, S_IFREG | mode, 0);
  int result = -1;
  if (failed == 0) {
    result = openat(parent, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    if (result < 0) fail_os("%s", path);
  } else if (errno == EEXIST) {
    result = make_target(root, parent, directory, name, kind, mode, links);
  } else {
    fail_os("%s", path);
  }
  close(parent);
  return result;
}

int root_make(int root, const char *path, enum entry_kind kind, unsigned mode) {
  return make(root, path, kind, mode, 0);
}

int root_parent(int root, const char *path, const char **name) {
  static char directory[PATH_MAX], last[NAME_MAX + 1];
  if (!split(path, directory, last)) return fail(INVALID_ARGUMENT, "%s: no path of a file", path);
  *name = last;
  return root_make(root, directory, ENTRY_DIRECTORY, 0755);
}
