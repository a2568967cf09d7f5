#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "files.h"

static int mount_argc;
static char **mount_argv;

static void say(char kind, const char *path) {
  char mark[2] = {kind, ' '};
  write_all(mark, 2);
  write_all(path, strlen(path) + 1);
}

static bool looks_same(const struct stat *a, const struct stat *b) {
  return S_ISDIR(a->st_mode) && a->st_mode == b->st_mode && a->st_uid == b->st_uid && a->st_gid == b->st_gid &&
         a->st_mtim.tv_sec == b->st_mtim.tv_sec;
}

// What a directory hides that shows nothing from below.
static void say_hidden(const char *path, const char *source, const char *lower) {
  size_t count;
  char **names = list_names(lower, &count);
  for (size_t i = 0; i < count; i++) {
    struct stat status;
    char *there = join(source, names[i]), *gone = join(path, names[i]);
    if (lstat(there, &status) < 0) say('D', gone);
    free(there);
    free(gone);
  }
  free_names(names, count);
}

// `apart`: below a directory that was moved, where nothing is merged with what had that path before.
static void visit(const char *path, const char *upper, const char *lower, bool apart) {
  struct stat status, before;
  if (lstat(upper, &status) < 0) return;
  if (is_whiteout(&status)) {
    say('D', path);
    return;
  }
  bool existed = lower && lstat(lower, &before) == 0;
  if (!existed && is_mount_point(path, upper, &status, mount_argc, mount_argv)) return;
  if (!S_ISDIR(status.st_mode)) {
    say(existed ? 'C' : 'A', path);
    return;
  }
  bool moved = whole && is_moved(upper);
  char *entire = moved ? join(whole, path + 1) : NULL;
  const char *source = entire ? entire : upper;
  size_t count;
  char **names = list_names(source, &count);
  bool merges = existed && S_ISDIR(before.st_mode), hides = apart || moved || is_opaque(upper);
  if (!merges || count > 0 || hides || !looks_same(&status, &before)) say(existed ? 'C' : 'A', path);
  if (merges && hides) say_hidden(path, source, lower);
  for (size_t i = 0; i < count; i++) {
    char *child = join(path, names[i]), *child_upper = join(source, names[i]);
    char *child_lower = merges ? join(lower, names[i]) : NULL;
    visit(child, child_upper, child_lower, apart || moved);
    free(child);
    free(child_upper);
    free(child_lower);
  }
  free_names(names, count);
  free(entire);
}

// What a container changed, as "A path", "C path" or "D path", each ended by a zero. A directory is said before what is
// in it. `lower`: all layers merged; `argv`: paths where things were mounted.
void changes(const char *upper, const char *lower, int argc, char **argv) {
  mount_argc = argc;
  mount_argv = argv;
  size_t count;
  char **names = list_names(upper, &count);
  for (size_t i = 0; i < count; i++) {
    char *path = join("/", names[i]), *child_upper = join(upper, names[i]), *child_lower = join(lower, names[i]);
    visit(path, child_upper, child_lower, false);
    free(path);
    free(child_upper);
    free(child_lower);
  }
  free_names(names, count);
}
