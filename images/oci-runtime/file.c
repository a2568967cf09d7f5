#include "file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "error.h"

#define MAX_FILE (8u << 20)

char *file_read(struct arena *arena, int directory, const char *path, size_t *length) {
  int fd = openat(directory, path, O_RDONLY | O_CLOEXEC);
  struct stat status;
  if (fd < 0 || fstat(fd, &status) < 0) {
    fail_os("%s", path);
    if (fd >= 0) close(fd);
    return NULL;
  }
  size_t size = (size_t)status.st_size;
  ssize_t got = -1;
  char *bytes = NULL;
  if (!S_ISREG(status.st_mode) || status.st_size > MAX_FILE) {
    fail(INVALID_ARGUMENT, "%s is no file of at most %u bytes", path, MAX_FILE);
  } else {
    bytes = arena_alloc(arena, size + 1);
    got = read(fd, bytes, size);
    if (got != (ssize_t)size) fail_os("%s", path);
  }
  close(fd);
  if (got != (ssize_t)size) return NULL;
  bytes[size] = 0;
  if (length) *length = size;
  return bytes;
}

int file_peek(int directory, const char *path, char *buffer, size_t size) {
  int fd = openat(directory, path, O_RDONLY | O_CLOEXEC);
  ssize_t got = fd < 0 ? -1 : read(fd, buffer, size - 1);
  if (fd >= 0) close(fd);
  if (got > 0 && buffer[got - 1] == '\n') got--;
  buffer[got > 0 ? got : 0] = 0;
  return (int)got;
}

int file_poke(int directory, const char *path, const char *value) {
  int fd = openat(directory, path, O_WRONLY | O_CLOEXEC);
  if (fd < 0) return -1;
  ssize_t put = write(fd, value, strlen(value));
  int number = errno;
  close(fd);
  errno = number;
  return put < 0 ? -1 : 0;
}

static bool write_all(int fd, const char *bytes, size_t length) {
  while (length > 0) {
    ssize_t put = write(fd, bytes, length);
    if (put < 0) return false;
    bytes += put;
    length -= (size_t)put;
  }
  return true;
}

int file_replace(const char *path, const void *bytes, size_t length) {
  char other[4096];
  if (snprintf(other, sizeof other, "%s.new", path) >= (int)sizeof other) return fail(INVALID_ARGUMENT, "%s: too long", path);
  int fd = open(other, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
  bool done = fd >= 0 && write_all(fd, bytes, length);
  if (!done) fail_os("%s", path);
  if (fd >= 0) close(fd);
  if (!done) return -1;
  return rename(other, path) < 0 ? fail_os("%s", path) : 0;
}

int make_directories(const char *path, unsigned mode) {
  char part[4096];
  size_t length = strlen(path);
  if (length >= sizeof part) return fail(INVALID_ARGUMENT, "%s: too long", path);
  if (mkdir(path, mode) == 0 || errno == EEXIST) return 0;
  for (size_t i = 1; i <= length; i++) {
    if (path[i] != '/' && path[i] != 0) continue;
    memcpy(part, path, i);
    part[i] = 0;
    if (mkdir(part, mode) < 0 && errno != EEXIST) return fail_os("mkdir %s", part);
  }
  return 0;
}

// --- trees ----------------------------------------------------------------------------------------

// Called for what is in a directory, which is open at `directory`, after what is below it.
typedef int visit(int directory, const char *name, const struct stat *status, void *context);

#define MAX_DEPTH 512

static int walk(int fd, dev_t device, visit *visit, void *context, int depth) {
  DIR *stream = depth < MAX_DEPTH ? fdopendir(fd) : NULL;
  if (!stream) {
    close(fd);
    return fail(RESOURCE_EXHAUSTED, "directories are nested too deep");
  }
  int result = 0;
  for (struct dirent *entry; result == 0 && (entry = readdir(stream));) {
    if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
    struct stat status;
    if (fstatat(fd, entry->d_name, &status, AT_SYMLINK_NOFOLLOW) < 0) continue;
    if (S_ISDIR(status.st_mode)) {
      int below = openat(fd, entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
      // What is mounted there belongs to somebody else.
      if (below >= 0 && status.st_dev != device) close(below);
      else if (below >= 0) result = walk(below, device, visit, context, depth + 1);
    }
    if (result == 0) result = visit(fd, entry->d_name, &status, context);
  }
  closedir(stream);
  return result;
}

static int walk_path(const char *path, visit *visit, void *context) {
  int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  struct stat status;
  if (fd < 0 || fstat(fd, &status) < 0) {
    int number = errno;
    if (fd >= 0) close(fd);
    errno = number;
    return fail_os("%s", path);
  }
  return walk(fd, status.st_dev, visit, context, 0);
}

static int remove_entry(int directory, const char *name, const struct stat *status, void *context) {
  (void)context;
  if (unlinkat(directory, name, S_ISDIR(status->st_mode) ? AT_REMOVEDIR : 0) == 0 || errno == ENOENT) return 0;
  return fail_os("remove %s", name);
}

int remove_tree(const char *path) {
  struct stat status;
  if (lstat(path, &status) < 0) return errno == ENOENT ? 0 : fail_os("%s", path);
  if (!S_ISDIR(status.st_mode)) return unlink(path) < 0 ? fail_os("%s", path) : 0;
  if (walk_path(path, remove_entry, NULL) < 0) return -1;
  return rmdir(path) < 0 ? fail_os("%s", path) : 0;
}

struct usage {
  uint64_t *bytes, *files;
};

static int add_usage(int directory, const char *name, const struct stat *status, void *context) {
  (void)directory, (void)name;
  struct usage *usage = context;
  *usage->bytes += (uint64_t)status->st_blocks * 512;
  *usage->files += 1;
  return 0;
}

int tree_usage(const char *path, uint64_t *bytes, uint64_t *files) {
  *bytes = *files = 0;
  return walk_path(path, add_usage, &(struct usage){bytes, files});
}

struct shift {
  uint32_t uid, gid;
};

static int shift_entry(int directory, const char *name, const struct stat *status, void *context) {
  const struct shift *shift = context;
  // Done before, by somebody who was ended on the way.
  if (status->st_uid >= shift->uid) return 0;
  if (fchownat(directory, name, status->st_uid + shift->uid, status->st_gid + shift->gid, AT_SYMLINK_NOFOLLOW) < 0) {
    return fail_os("owner of %s", name);
  }
  // These bits are lost with a change of owner.
  bool special = S_ISREG(status->st_mode) && status->st_mode & (S_ISUID | S_ISGID);
  return special && fchmodat(directory, name, status->st_mode & 07777, 0) < 0 ? fail_os("mode of %s", name) : 0;
}

int tree_shift(const char *path, uint32_t uid, uint32_t gid) {
  struct stat status;
  struct shift shift = {uid, gid};
  if (lstat(path, &status) < 0) return fail_os("%s", path);
  if (status.st_uid >= uid) return 0;
  return walk_path(path, shift_entry, &shift) < 0 ? -1 : shift_entry(AT_FDCWD, path, &status, &shift);
}
