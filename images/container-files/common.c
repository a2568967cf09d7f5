#include "files.h"

#include <dirent.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

uint32_t first_id;
const char *whole;

_Noreturn void fail(const char *code, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  fprintf(stderr, "%s: ", code);
  vfprintf(stderr, format, arguments);
  fputc('\n', stderr);
  va_end(arguments);
  exit(1);
}

static const char *code_of(int error) {
  switch (error) {
    case ENOENT:
    case ESRCH:
      return NOT_FOUND;
    case ENOTDIR:
    case EISDIR:
    case EINVAL:
    case ENAMETOOLONG:
    case ELOOP:
      return INVALID;
    case EROFS:
    case EACCES:
    case EPERM:
    case EBUSY:
    case EXDEV:
      return REFUSED;
    case ENOSPC:
    case EDQUOT:
    case ENOMEM:
      return FULL;
    default:
      return BROKEN;
  }
}

_Noreturn void fail_call(const char *call, const char *path) {
  int error = errno;
  fail(code_of(error), "%s %s: %s", call, path, strerror(error));
}

void *allocate(void *before, size_t size) {
  void *memory = realloc(before, size ? size : 1);
  if (!memory) fail(FULL, "no memory for %zu bytes", size);
  return memory;
}

char *join(const char *directory, const char *name) {
  size_t length = strlen(directory);
  while (length > 0 && directory[length - 1] == '/') length--;
  char *path = allocate(NULL, length + strlen(name) + 2);
  memcpy(path, directory, length);
  if (length > 0 || directory[0] == '/') path[length++] = '/';
  strcpy(path + length, name);
  return path;
}

void write_all(const void *bytes, size_t length) {
  const char *at = bytes;
  while (length > 0) {
    ssize_t count = write(STDOUT_FILENO, at, length);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) fail_call("write", "the archive");
    at += count;
    length -= (size_t)count;
  }
}

bool read_exactly(void *bytes, size_t length) {
  char *at = bytes;
  while (length > 0) {
    ssize_t count = read(STDIN_FILENO, at, length);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) fail_call("read", "the archive");
    if (count == 0) return false;
    at += count;
    length -= (size_t)count;
  }
  return true;
}

static int compare_names(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

char **list_names(const char *path, size_t *count) {
  DIR *directory = opendir(path);
  if (!directory) fail_call("open", path);
  char **names = NULL;
  size_t room = 0;
  *count = 0;
  for (struct dirent *entry; (entry = readdir(directory));) {
    if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..")) continue;
    if (*count == room) names = allocate(names, (room = room * 2 + 16) * sizeof *names);
    names[*count] = allocate(NULL, strlen(entry->d_name) + 1);
    strcpy(names[(*count)++], entry->d_name);
  }
  closedir(directory);
  if (*count > 0) qsort(names, *count, sizeof *names, compare_names);
  return names;
}

void free_names(char **names, size_t count) {
  for (size_t i = 0; i < count; i++) free(names[i]);
  free(names);
}

void remove_tree(const char *path) {
  struct stat status;
  if (lstat(path, &status) < 0) fail_call("lstat", path);
  if (S_ISDIR(status.st_mode)) {
    size_t count;
    char **names = list_names(path, &count);
    for (size_t i = 0; i < count; i++) {
      char *child = join(path, names[i]);
      remove_tree(child);
      free(child);
    }
    free_names(names, count);
    if (rmdir(path) < 0) fail_call("rmdir", path);
  } else if (unlink(path) < 0) {
    fail_call("unlink", path);
  }
}
