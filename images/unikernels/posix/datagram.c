#include "fd.h"

#include <string.h>

static void on_datagram(void *argument, struct udp_pcb *pcb, struct pbuf *data, const ip_addr_t *address, u16_t port) {
  struct fd *fd = argument;
  (void)pcb;
  /* As everywhere, what nobody reads is lost. */
  if (fd->datagram_count == DATAGRAM_LIMIT) {
    pbuf_free(data);
    return;
  }
  fd->datagrams[fd->datagram_count++] = (struct datagram){data, ip_addr_get_ip4_u32(address), port};
}

bool datagram_open(struct fd *fd) {
  fd->udp = udp_new();
  if (!fd->udp) return false;
  udp_recv(fd->udp, on_datagram, fd);
  return true;
}

bool datagram_readable(void *fd) { return ((const struct fd *)fd)->datagram_count > 0; }

ssize_t datagram_read(struct fd *fd, void *bytes, size_t size, struct sockaddr_in *from) {
  if (!fd_wait(fd, datagram_readable, fd->receive_timeout)) return -1;
  struct datagram first = fd->datagrams[0];
  memmove(fd->datagrams, fd->datagrams + 1, --fd->datagram_count * sizeof first);
  u16_t part = size < first.data->tot_len ? (u16_t)size : first.data->tot_len;
  pbuf_copy_partial(first.data, bytes, part, 0);
  pbuf_free(first.data);
  if (from) {
    *from = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = lwip_htons(first.port)};
    from->sin_addr.s_addr = first.address;
  }
  return part;
}

ssize_t datagram_write(struct fd *fd, const void *bytes, size_t size, const struct sockaddr_in *to) {
  if (size > 65507) return fail(EMSGSIZE);
  if (!to && !(fd->udp->flags & UDP_FLAGS_CONNECTED)) return fail(EDESTADDRREQ);
  struct pbuf *data = pbuf_alloc(PBUF_TRANSPORT, (u16_t)size, PBUF_RAM);
  if (!data) return fail(ENOBUFS);
  pbuf_take(data, bytes, (u16_t)size);
  ip_addr_t address = {to ? to->sin_addr.s_addr : 0};
  err_t error = to ? udp_sendto(fd->udp, data, &address, lwip_ntohs(to->sin_port)) : udp_send(fd->udp, data);
  pbuf_free(data);
  if (error == ERR_OK) return (ssize_t)size;
  return fail(error == ERR_RTE ? EHOSTUNREACH : ENOBUFS);
}

void datagram_close(struct fd *fd) {
  for (size_t i = 0; i < fd->datagram_count; i++) pbuf_free(fd->datagrams[i].data);
  udp_remove(fd->udp);
}
