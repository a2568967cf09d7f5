#include "fd.h"

#include <string.h>

/* A connection that nobody asks about any more ends by itself. */
static void detach(struct tcp_pcb *pcb) {
  tcp_arg(pcb, NULL);
  tcp_recv(pcb, NULL);
  tcp_sent(pcb, NULL);
  tcp_err(pcb, NULL);
}

static void end(struct fd *fd) {
  struct tcp_pcb *pcb = fd->tcp;
  fd->tcp = NULL;
  if (fd->input) pbuf_free(fd->input);
  fd->input = NULL;
  if (!pcb) return;
  detach(pcb);
  if (tcp_close(pcb) != ERR_OK) tcp_abort(pcb);
}

static err_t on_receive(void *argument, struct tcp_pcb *pcb, struct pbuf *data, err_t error) {
  struct fd *fd = argument;
  (void)pcb, (void)error;
  if (!data) fd->ended = true;
  else if (fd->input) pbuf_cat(fd->input, data);
  else fd->input = data;
  return ERR_OK;
}

static int errno_of(err_t error) {
  switch (error) {
    case ERR_RST: return ECONNRESET;
    case ERR_ABRT: return ETIMEDOUT;
    case ERR_RTE: return EHOSTUNREACH;
    case ERR_USE: return EADDRINUSE;
    case ERR_MEM:
    case ERR_BUF: return ENOBUFS;
    default: return ECONNABORTED;
  }
}

static void on_error(void *argument, err_t error) {
  struct fd *fd = argument;
  if (!fd) return;
  fd->tcp = NULL;
  fd->error = fd->connecting && error == ERR_RST ? ECONNREFUSED : errno_of(error);
  fd->connecting = false;
}

static void attach(struct fd *fd, struct tcp_pcb *pcb) {
  fd->tcp = pcb;
  fd->kind = FD_STREAM;
  tcp_arg(pcb, fd);
  tcp_recv(pcb, on_receive);
  tcp_err(pcb, on_error);
}

bool stream_readable(void *argument) {
  const struct fd *fd = argument;
  return fd->input || fd->ended || fd->error || fd->kind != FD_STREAM;
}

bool stream_writable(void *argument) {
  const struct fd *fd = argument;
  bool room = fd->tcp && !fd->connecting && tcp_sndbuf(fd->tcp) > 0 && tcp_sndqueuelen(fd->tcp) < TCP_SND_QUEUELEN / 2;
  return room || fd->error || fd->shut;
}

/* An error is told once. */
static int take_error(struct fd *fd) {
  int error = fd->error;
  fd->error = 0;
  return fail(error);
}

ssize_t stream_read(struct fd *fd, void *bytes, size_t size, bool peek) {
  if (!fd_wait(fd, stream_readable, fd->receive_timeout)) return -1;
  if (!fd->input) {
    if (fd->error) return take_error(fd);
    return 0;
  }
  u16_t part = size < fd->input->tot_len ? (u16_t)size : fd->input->tot_len;
  pbuf_copy_partial(fd->input, bytes, part, 0);
  if (peek) return part;
  fd->input = pbuf_free_header(fd->input, part);
  if (fd->tcp) tcp_recved(fd->tcp, part);
  return part;
}

ssize_t stream_write(struct fd *fd, const void *bytes, size_t size) {
  const char *from = bytes;
  size_t written = 0;
  while (written < size) {
    if (fd->shut) return fail(EPIPE);
    if (!fd_wait(fd, stream_writable, 0)) return written ? (ssize_t)written : -1;
    if (fd->error) return take_error(fd);
    size_t part = size - written;
    if (part > tcp_sndbuf(fd->tcp)) part = tcp_sndbuf(fd->tcp);
    err_t error = tcp_write(fd->tcp, from + written, (u16_t)part, TCP_WRITE_FLAG_COPY);
    tcp_output(fd->tcp);
    if (error == ERR_OK) written += part;
    else if (fd->nonblocking) return written ? (ssize_t)written : fail(EAGAIN);
    /* No memory: what is on its way gives some back. */
    else if (error == ERR_MEM) solo5_yield(runtime_turn(0), &(solo5_handle_set_t){0});
    else return fail(errno_of(error));
  }
  return (ssize_t)written;
}

/* --- connections that come ----------------------------------------------------------------------------- */

static err_t on_accept(void *argument, struct tcp_pcb *pcb, err_t error) {
  struct fd *listener = argument;
  if (error != ERR_OK || !pcb || listener->waiting == BACKLOG_LIMIT) return ERR_MEM;
  struct fd *fd = fd_new(FD_STREAM);
  if (!fd) return ERR_MEM;
  attach(fd, pcb);
  listener->backlog[listener->waiting++] = fd;
  return ERR_OK;
}

int stream_listen(struct fd *fd, int backlog) {
  int most = backlog < 1 ? 1 : backlog > BACKLOG_LIMIT ? BACKLOG_LIMIT : backlog;
  struct tcp_pcb *listener = tcp_listen_with_backlog(fd->tcp, (u8_t)most);
  if (!listener) return fail(EADDRINUSE);
  fd->tcp = listener;
  fd->kind = FD_LISTENER;
  tcp_arg(listener, fd);
  tcp_accept(listener, on_accept);
  return 0;
}

static bool has_waiting(void *fd) { return ((const struct fd *)fd)->waiting > 0; }

int stream_accept(struct fd *fd) {
  if (!fd_wait(fd, has_waiting, 0)) return -1;
  struct fd *first = fd->backlog[0];
  memmove(fd->backlog, fd->backlog + 1, --fd->waiting * sizeof fd->backlog[0]);
  return fd_number(first);
}

/* --- connections that go ------------------------------------------------------------------------------- */

static err_t on_connected(void *argument, struct tcp_pcb *pcb, err_t error) {
  (void)pcb, (void)error;
  ((struct fd *)argument)->connecting = false;
  return ERR_OK;
}

static bool is_connected(void *fd) { return !((const struct fd *)fd)->connecting; }

int stream_connect(struct fd *fd, const struct sockaddr_in *address) {
  ip_addr_t to = {address->sin_addr.s_addr};
  if (fd->kind == FD_STREAM) return fail(fd->connecting ? EALREADY : EISCONN);
  attach(fd, fd->tcp);
  fd->connecting = true;
  err_t error = tcp_connect(fd->tcp, &to, lwip_ntohs(address->sin_port), on_connected);
  if (error != ERR_OK) {
    fd->connecting = false;
    fd->kind = FD_NEW_STREAM;
    return fail(errno_of(error));
  }
  if (fd->nonblocking) return fail(EINPROGRESS);
  fd_wait(fd, is_connected, 0);
  return fd->error ? take_error(fd) : 0;
}

int stream_shutdown(struct fd *fd, int how) {
  if (fd->kind != FD_STREAM || !fd->tcp) return fail(ENOTCONN);
  if (how & SHUT_WR) {
    err_t error = tcp_shutdown(fd->tcp, 0, 1);
    if (error != ERR_OK) return fail(errno_of(error));
    fd->shut = true;
  }
  return 0;
}

void stream_close(struct fd *fd) {
  for (size_t i = 0; i < fd->waiting; i++) {
    end(fd->backlog[i]);
    fd->backlog[i]->kind = FD_FREE;
  }
  if (fd->kind == FD_LISTENER) {
    tcp_close(fd->tcp);
    fd->tcp = NULL;
  } else {
    end(fd);
  }
}
