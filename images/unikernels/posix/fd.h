/*
 * Ordinary C in a unikernel: descriptors of files, TCP and UDP over lwIP. A call that has to wait gives the devices and
 * timers their turns meanwhile; nothing else runs beside it.
 */
#ifndef POSIX_FD_H
#define POSIX_FD_H

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/types.h>

#include "../libos/libos.h"

#include "lwip/tcp.h"
#include "lwip/udp.h"

#define FD_LIMIT 256
#define BACKLOG_LIMIT 16
#define DATAGRAM_LIMIT 16

enum fd_kind { FD_FREE, FD_FILE, FD_NEW_STREAM, FD_LISTENER, FD_STREAM, FD_DATAGRAM };

struct datagram {
  struct pbuf *data;
  uint32_t address;
  uint16_t port;
};

struct fd {
  enum fd_kind kind;
  bool nonblocking;
  uint64_t receive_timeout;

  const struct file *file;
  size_t offset;

  struct tcp_pcb *tcp;
  /* What has come in. */
  struct pbuf *input;
  bool connecting, ended, shut;
  int error;
  struct fd *backlog[BACKLOG_LIMIT];
  size_t waiting;

  struct udp_pcb *udp;
  struct datagram datagrams[DATAGRAM_LIMIT];
  size_t datagram_count;
};

/* The descriptor's, or NULL with errno set. */
struct fd *fd_get(int number);
/* A free one, or NULL with errno set. */
struct fd *fd_new(enum fd_kind kind);
int fd_number(const struct fd *fd);

/* Sets errno and returns -1. */
int fail(int error);

/* Gives others their turns until it is done; false when the time, on the monotonic clock, has come first. */
bool wait_until(bool (*done)(void *context), void *context, uint64_t deadline);
/* The same for a descriptor; sets errno to EAGAIN when it is not to wait, or has waited for its time. */
bool fd_wait(struct fd *fd, bool (*done)(void *fd), uint64_t timeout);

/* stream.c */
bool stream_readable(void *fd);
bool stream_writable(void *fd);
ssize_t stream_read(struct fd *fd, void *bytes, size_t size, bool peek);
ssize_t stream_write(struct fd *fd, const void *bytes, size_t size);
int stream_connect(struct fd *fd, const struct sockaddr_in *address);
int stream_listen(struct fd *fd, int backlog);
int stream_accept(struct fd *fd);
int stream_shutdown(struct fd *fd, int how);
void stream_close(struct fd *fd);

/* datagram.c */
bool datagram_readable(void *fd);
bool datagram_open(struct fd *fd);
ssize_t datagram_read(struct fd *fd, void *bytes, size_t size, struct sockaddr_in *from);
ssize_t datagram_write(struct fd *fd, const void *bytes, size_t size, const struct sockaddr_in *to);
void datagram_close(struct fd *fd);

/* files.c */
ssize_t file_read(struct fd *fd, void *bytes, size_t size);

#endif
