/* The calls of sys/socket.h. */
#include <string.h>
#include <sys/time.h>

#include "fd.h"

static const struct sockaddr_in *inet_address(const struct sockaddr *address, socklen_t length) {
  if (address && length >= sizeof(struct sockaddr_in) && address->sa_family == AF_INET) {
    return (const struct sockaddr_in *)address;
  }
  errno = address && length >= sizeof(struct sockaddr_in) ? EAFNOSUPPORT : EINVAL;
  return NULL;
}

static void give_address(struct sockaddr *to, socklen_t *length, const struct sockaddr_in *address) {
  if (!to || !length) return;
  memcpy(to, address, *length < sizeof *address ? *length : sizeof *address);
  *length = sizeof *address;
}

int socket(int domain, int type, int protocol) {
  (void)protocol;
  int kind = type & ~(SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (domain != AF_INET) return fail(EAFNOSUPPORT);
  if (kind != SOCK_STREAM && kind != SOCK_DGRAM) return fail(EPROTONOSUPPORT);
  struct fd *fd = fd_new(kind == SOCK_STREAM ? FD_NEW_STREAM : FD_DATAGRAM);
  if (!fd) return -1;
  bool opened = kind == SOCK_STREAM ? (fd->tcp = tcp_new()) != NULL : datagram_open(fd);
  fd->nonblocking = type & SOCK_NONBLOCK;
  if (opened) return fd_number(fd);
  fd->kind = FD_FREE;
  return fail(ENOBUFS);
}

int bind(int number, const struct sockaddr *address, socklen_t length) {
  struct fd *fd = fd_get(number);
  const struct sockaddr_in *to = fd ? inet_address(address, length) : NULL;
  if (!to) return -1;
  ip_addr_t at = {to->sin_addr.s_addr};
  u16_t port = lwip_ntohs(to->sin_port);
  if (fd->kind != FD_NEW_STREAM && fd->kind != FD_DATAGRAM) return fail(EINVAL);
  err_t error = fd->kind == FD_DATAGRAM ? udp_bind(fd->udp, &at, port) : tcp_bind(fd->tcp, &at, port);
  return error == ERR_OK ? 0 : fail(EADDRINUSE);
}

int listen(int number, int backlog) {
  struct fd *fd = fd_get(number);
  if (!fd) return -1;
  return fd->kind == FD_NEW_STREAM ? stream_listen(fd, backlog) : fail(EOPNOTSUPP);
}

int accept(int number, struct sockaddr *restrict address, socklen_t *restrict length) {
  struct fd *fd = fd_get(number);
  if (!fd) return -1;
  if (fd->kind != FD_LISTENER) return fail(EINVAL);
  int accepted = stream_accept(fd);
  if (accepted >= 0 && address) getpeername(accepted, address, length);
  return accepted;
}

int connect(int number, const struct sockaddr *address, socklen_t length) {
  struct fd *fd = fd_get(number);
  const struct sockaddr_in *to = fd ? inet_address(address, length) : NULL;
  if (!to) return -1;
  if (fd->kind == FD_NEW_STREAM || fd->kind == FD_STREAM) return stream_connect(fd, to);
  if (fd->kind != FD_DATAGRAM) return fail(EOPNOTSUPP);
  ip_addr_t at = {to->sin_addr.s_addr};
  return udp_connect(fd->udp, &at, lwip_ntohs(to->sin_port)) == ERR_OK ? 0 : fail(ENOBUFS);
}

ssize_t recvfrom(int number, void *bytes, size_t size, int flags, struct sockaddr *address, socklen_t *length) {
  struct fd *fd = fd_get(number);
  struct sockaddr_in from;
  if (!fd) return -1;
  if (fd->kind == FD_STREAM) return stream_read(fd, bytes, size, flags & MSG_PEEK);
  if (fd->kind != FD_DATAGRAM) return fail(ENOTCONN);
  ssize_t got = datagram_read(fd, bytes, size, &from);
  if (got >= 0) give_address(address, length, &from);
  return got;
}

ssize_t sendto(int number, const void *bytes, size_t size, int flags, const struct sockaddr *address, socklen_t length) {
  struct fd *fd = fd_get(number);
  (void)flags;
  if (!fd) return -1;
  if (fd->kind == FD_STREAM) return stream_write(fd, bytes, size);
  if (fd->kind != FD_DATAGRAM) return fail(ENOTCONN);
  const struct sockaddr_in *to = address ? inet_address(address, length) : NULL;
  return address && !to ? -1 : datagram_write(fd, bytes, size, to);
}

ssize_t recv(int fd, void *bytes, size_t size, int flags) { return recvfrom(fd, bytes, size, flags, NULL, NULL); }

ssize_t send(int fd, const void *bytes, size_t size, int flags) { return sendto(fd, bytes, size, flags, NULL, 0); }

int shutdown(int number, int how) {
  struct fd *fd = fd_get(number);
  return fd ? stream_shutdown(fd, how) : -1;
}

static int tell_address(int number, struct sockaddr *address, socklen_t *length, bool local) {
  struct fd *fd = fd_get(number);
  struct sockaddr_in found = {.sin_family = AF_INET};
  if (!fd) return -1;
  bool connected = fd->kind == FD_STREAM && fd->tcp;
  if (fd->kind == FD_DATAGRAM) {
    found.sin_addr.s_addr = ip_addr_get_ip4_u32(local ? &fd->udp->local_ip : &fd->udp->remote_ip);
    found.sin_port = lwip_htons(local ? fd->udp->local_port : fd->udp->remote_port);
  } else if (connected || (local && fd->tcp)) {
    found.sin_addr.s_addr = ip_addr_get_ip4_u32(local ? &fd->tcp->local_ip : &fd->tcp->remote_ip);
    found.sin_port = lwip_htons(local ? fd->tcp->local_port : fd->tcp->remote_port);
  } else {
    return fail(ENOTCONN);
  }
  give_address(address, length, &found);
  return 0;
}

int getsockname(int fd, struct sockaddr *address, socklen_t *length) { return tell_address(fd, address, length, true); }

int getpeername(int fd, struct sockaddr *address, socklen_t *length) { return tell_address(fd, address, length, false); }

int setsockopt(int number, int level, int name, const void *value, socklen_t length) {
  struct fd *fd = fd_get(number);
  if (!fd) return -1;
  if (level == SOL_SOCKET && name == SO_RCVTIMEO && length >= sizeof(struct timeval)) {
    const struct timeval *time = value;
    fd->receive_timeout = (uint64_t)time->tv_sec * 1000000000u + (uint64_t)time->tv_usec * 1000u;
    return 0;
  }
  if (level == SOL_SOCKET && name == SO_BROADCAST && fd->kind == FD_DATAGRAM) {
    ip_set_option(fd->udp, SOF_BROADCAST);
    return 0;
  }
  if (level == IPPROTO_TCP && fd->kind == FD_STREAM && fd->tcp) {
    tcp_nagle_disable(fd->tcp);
    return 0;
  }
  /* A port that was used can be used again at once. */
  return level == SOL_SOCKET && (name == SO_REUSEADDR || name == SO_KEEPALIVE) ? 0 : fail(ENOPROTOOPT);
}

int getsockopt(int number, int level, int name, void *restrict value, socklen_t *restrict length) {
  struct fd *fd = fd_get(number);
  if (!fd) return -1;
  if (level != SOL_SOCKET || name != SO_ERROR || *length < sizeof(int)) return fail(ENOPROTOOPT);
  memcpy(value, &fd->error, sizeof fd->error);
  fd->error = 0;
  *length = sizeof fd->error;
  return 0;
}
