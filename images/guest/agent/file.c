#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "agent.h"

int file_read(const char *path, char *buffer, size_t size) {
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return -errno;
  size_t length = 0;
  while (length < size - 1) {
    ssize_t got = read(fd, buffer + length, size - 1 - length);
    if (got <= 0) break;
    length += (size_t)got;
  }
  buffer[length] = 0;
  close(fd);
  return (int)length;
}

int file_write(const char *path, const void *bytes, size_t length) {
  int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (fd < 0) return -errno;
  const char *at = bytes;
  int result = 0;
  while (length > 0 && result == 0) {
    ssize_t put = write(fd, at, length);
    if (put < 0) result = -errno;
    else at += put, length -= (size_t)put;
  }
  close(fd);
  return result;
}
