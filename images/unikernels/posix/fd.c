#include "fd.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <sys/uio.h>
#include <unistd.h>

/* Standard input, output and error come before these. */
#define FIRST 3
#define CONSOLE_LIMIT 2

static struct fd fds[FD_LIMIT];

int fail(int error) {
  errno = error;
  return -1;
}

struct fd *fd_get(int number) {
  int index = number - FIRST;
  if (index >= 0 && index < FD_LIMIT && fds[index].kind != FD_FREE) return &fds[index];
  errno = EBADF;
  return NULL;
}

struct fd *fd_new(enum fd_kind kind) {
  for (int i = 0; i < FD_LIMIT; i++) {
    if (fds[i].kind != FD_FREE) continue;
    fds[i] = (struct fd){.kind = kind};
    return &fds[i];
  }
  errno = EMFILE;
  return NULL;
}

int fd_number(const struct fd *fd) { return (int)(fd - fds) + FIRST; }

bool wait_until(bool (*done)(void *context), void *context, uint64_t deadline) {
  solo5_handle_set_t ready = 0;
  for (;;) {
    solo5_time_t next = runtime_turn(ready);
    if (done(context)) return true;
    if (turn_time() >= deadline) return false;
    solo5_yield(next < deadline ? next : deadline, &ready);
  }
}

bool fd_wait(struct fd *fd, bool (*done)(void *fd), uint64_t timeout) {
  if (done(fd)) return true;
  uint64_t deadline = fd->nonblocking ? 0 : timeout ? solo5_clock_monotonic() + timeout : UINT64_MAX;
  if (wait_until(done, fd, deadline)) return true;
  errno = EAGAIN;
  return false;
}

/* --- reading and writing ------------------------------------------------------------------------------ */

ssize_t read(int number, void *bytes, size_t size) {
  if (number == 0) return 0;
  struct fd *fd = fd_get(number);
  if (!fd) return -1;
  switch (fd->kind) {
    case FD_FILE: return file_read(fd, bytes, size);
    case FD_STREAM: return stream_read(fd, bytes, size, false);
    case FD_DATAGRAM: return datagram_read(fd, bytes, size, NULL);
    default: return fail(ENOTCONN);
  }
}

ssize_t write(int number, const void *bytes, size_t size) {
  if (number == 1 || number == 2) {
    solo5_console_write(bytes, size);
    return (ssize_t)size;
  }
  struct fd *fd = fd_get(number);
  if (!fd) return -1;
  switch (fd->kind) {
    case FD_FILE: return fail(EROFS);
    case FD_STREAM: return stream_write(fd, bytes, size);
    case FD_DATAGRAM: return datagram_write(fd, bytes, size, NULL);
    default: return fail(ENOTCONN);
  }
}

ssize_t readv(int number, const struct iovec *parts, int count) {
  ssize_t total = 0;
  for (int i = 0; i < count; i++) {
    ssize_t got = parts[i].iov_len ? read(number, parts[i].iov_base, parts[i].iov_len) : 0;
    if (got < 0) return total ? total : -1;
    total += got;
    if ((size_t)got < parts[i].iov_len) break;
  }
  return total;
}

ssize_t writev(int number, const struct iovec *parts, int count) {
  ssize_t total = 0;
  for (int i = 0; i < count; i++) {
    ssize_t put = parts[i].iov_len ? write(number, parts[i].iov_base, parts[i].iov_len) : 0;
    if (put < 0) return total ? total : -1;
    total += put;
    if ((size_t)put < parts[i].iov_len) break;
  }
  return total;
}

int close(int number) {
  if (number >= 0 && number <= CONSOLE_LIMIT) return 0;
  struct fd *fd = fd_get(number);
  if (!fd) return -1;
  if (fd->kind == FD_DATAGRAM) datagram_close(fd);
  else if (fd->kind != FD_FILE) stream_close(fd);
  fd->kind = FD_FREE;
  return 0;
}

int fcntl(int number, int command, ...) {
  struct fd *fd = fd_get(number);
  va_list list;
  va_start(list, command);
  int argument = command == F_SETFL ? va_arg(list, int) : 0;
  va_end(list);
  if (!fd) return -1;
  if (command == F_GETFL) return O_RDWR | (fd->nonblocking ? O_NONBLOCK : 0);
  if (command == F_SETFL) fd->nonblocking = argument & O_NONBLOCK;
  else if (command != F_GETFD && command != F_SETFD) return fail(EINVAL);
  return 0;
}

/* The console is the only terminal. */
int __isatty(int number) { return number <= CONSOLE_LIMIT ? 1 : fail(ENOTTY); }

int isatty(int number) { return __isatty(number) == 1; }

/* --- waiting for several ------------------------------------------------------------------------------ */

struct poll {
  struct pollfd *fds;
  nfds_t count;
  int ready;
};

static short events_of(struct fd *fd) {
  short events = 0;
  switch (fd->kind) {
    case FD_LISTENER: return fd->waiting > 0 ? POLLIN : 0;
    case FD_DATAGRAM: return (short)(POLLOUT | (datagram_readable(fd) ? POLLIN : 0));
    case FD_STREAM:
      if (stream_readable(fd)) events |= POLLIN;
      if (stream_writable(fd)) events |= POLLOUT;
      if (fd->error) events |= POLLERR;
      if (fd->ended && fd->shut) events |= POLLHUP;
      return events;
    case FD_FILE: return POLLIN;
    default: return POLLHUP;
  }
}

static bool look(void *context) {
  struct poll *poll = context;
  poll->ready = 0;
  for (nfds_t i = 0; i < poll->count; i++) {
    struct pollfd *entry = &poll->fds[i];
    entry->revents = 0;
    if (entry->fd < 0) continue;
    struct fd *fd = entry->fd > CONSOLE_LIMIT ? fd_get(entry->fd) : NULL;
    short events = fd ? events_of(fd) : entry->fd > CONSOLE_LIMIT ? POLLNVAL : POLLOUT;
    entry->revents = (short)(events & (entry->events | POLLERR | POLLHUP | POLLNVAL));
    if (entry->revents) poll->ready++;
  }
  return poll->ready > 0;
}

int poll(struct pollfd *entries, nfds_t count, int timeout) {
  struct poll all = {entries, count, 0};
  uint64_t deadline = timeout < 0 ? UINT64_MAX : solo5_clock_monotonic() + (uint64_t)timeout * 1000000u;
  if (!look(&all)) wait_until(look, &all, deadline);
  return all.ready;
}

static int timeout_of(const struct timeval *time) {
  if (!time) return -1;
  int64_t ms = (int64_t)time->tv_sec * 1000 + (time->tv_usec + 999) / 1000;
  return ms > INT32_MAX ? INT32_MAX : (int)ms;
}

int select(int count, fd_set *restrict reads, fd_set *restrict writes, fd_set *restrict errors,
           struct timeval *restrict time) {
  struct pollfd entries[FD_LIMIT];
  nfds_t used = 0;
  for (int fd = 0; fd < count; fd++) {
    short events = (short)((reads && FD_ISSET(fd, reads) ? POLLIN : 0) | (writes && FD_ISSET(fd, writes) ? POLLOUT : 0));
    if (!events) continue;
    if (used == FD_LIMIT) return fail(EINVAL);
    entries[used++] = (struct pollfd){fd, events, 0};
  }
  poll(entries, used, timeout_of(time));
  if (reads) FD_ZERO(reads);
  if (writes) FD_ZERO(writes);
  if (errors) FD_ZERO(errors);
  int ready = 0;
  for (nfds_t i = 0; i < used; i++) {
    short events = entries[i].revents;
    if (events & POLLNVAL) return fail(EBADF);
    if (events & (POLLERR | POLLHUP)) events |= entries[i].events;
    if (events & entries[i].events & POLLIN) FD_SET(entries[i].fd, reads), ready++;
    if (events & entries[i].events & POLLOUT) FD_SET(entries[i].fd, writes), ready++;
  }
  return ready;
}
