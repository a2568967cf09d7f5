/* The read-only file system: files given at the start, and the module's own. */
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fd.h"

static int open_file(const char *path, int flags) {
  char absolute[512];
  if ((flags & O_ACCMODE) != O_RDONLY || flags & (O_CREAT | O_TRUNC)) return fail(EROFS);
  if (path[0] != '/') {
    format(absolute, sizeof absolute, "/%s", path);
    path = absolute;
  }
  const struct file *file = file_find(path);
  if (!file) return fail(ENOENT);
  struct fd *fd = fd_new(FD_FILE);
  if (!fd) return -1;
  fd->file = file;
  return fd_number(fd);
}

int open(const char *path, int flags, ...) { return open_file(path, flags); }

/* What wasi-libc's fopen calls. */
int __wasilibc_open_nomode(const char *path, int flags) { return open_file(path, flags); }

ssize_t file_read(struct fd *fd, void *bytes, size_t size) {
  size_t left = fd->file->size - fd->offset;
  if (size > left) size = left;
  memcpy(bytes, fd->file->bytes + fd->offset, size);
  fd->offset += size;
  return (ssize_t)size;
}

off_t __lseek(int number, off_t offset, int whence) {
  struct fd *fd = fd_get(number);
  if (!fd) return -1;
  if (fd->kind != FD_FILE) return fail(ESPIPE);
  off_t base = whence == SEEK_SET ? 0 : whence == SEEK_CUR ? (off_t)fd->offset : (off_t)fd->file->size;
  if (base + offset < 0 || base + offset > (off_t)fd->file->size) return fail(EINVAL);
  fd->offset = (size_t)(base + offset);
  return (off_t)fd->offset;
}

/* A macro of unistd.h has the same name. */
#undef lseek
off_t lseek(int fd, off_t offset, int whence) { return __lseek(fd, offset, whence); }

off_t __wasilibc_tell(int fd) { return __lseek(fd, 0, SEEK_CUR); }

static int give_stat(const struct file *file, struct stat *status) {
  *status = (struct stat){.st_mode = S_IFREG | 0444, .st_nlink = 1, .st_size = (off_t)file->size, .st_blksize = 4096};
  return 0;
}

int fstat(int number, struct stat *status) {
  if (number >= 0 && number < 3) {
    *status = (struct stat){.st_mode = S_IFCHR | 0600, .st_nlink = 1};
    return 0;
  }
  struct fd *fd = fd_get(number);
  if (!fd) return -1;
  if (fd->kind == FD_FILE) return give_stat(fd->file, status);
  *status = (struct stat){.st_mode = S_IFSOCK | 0600, .st_nlink = 1};
  return 0;
}

int stat(const char *restrict path, struct stat *restrict status) {
  const struct file *file = file_find(path);
  return file ? give_stat(file, status) : fail(ENOENT);
}

int access(const char *path, int mode) {
  if (!file_find(path)) return fail(ENOENT);
  return mode & W_OK ? fail(EROFS) : 0;
}
