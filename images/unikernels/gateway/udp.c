#include "gateway.h"

#include "lwip/udp.h"

#define MAX_SOCKETS 8
/* Datagrams that wait for the end of a turn; what comes beyond is dropped and counted. */
#define INBOX_SIZE 128

struct datagram {
  struct pbuf *data;
  uint32_t socket, address, port, destination;
};

static struct udp_pcb *sockets[MAX_SOCKETS];
static struct datagram inbox[INBOX_SIZE];
static uint32_t first, count, dropped;

static void received(void *argument, struct udp_pcb *pcb, struct pbuf *data, const ip_addr_t *address, u16_t port) {
  (void)pcb;
  if (count == INBOX_SIZE) {
    dropped++;
    pbuf_free(data);
    return;
  }
  inbox[(first + count++) % INBOX_SIZE] = (struct datagram){
      .data = data,
      .socket = (uint32_t)(uintptr_t)argument,
      .address = ip_2_ip4(address)->addr,
      .port = port,
      .destination = ip4_current_dest_addr()->addr,
  };
}

/* Returns the number of the socket. */
SOLO5_EXPORT(gateway_udp_bind) int gateway_udp_bind(uint32_t port) {
  int slot = 0;
  while (slot < MAX_SOCKETS && sockets[slot]) slot++;
  struct udp_pcb *pcb = slot < MAX_SOCKETS ? udp_new() : NULL;
  if (!pcb) return ERR_MEM;
  err_t error = udp_bind(pcb, IP_ANY_TYPE, (u16_t)port);
  if (error != ERR_OK) {
    udp_remove(pcb);
    return error;
  }
  udp_recv(pcb, received, (void *)(uintptr_t)slot);
  sockets[slot] = pcb;
  return slot;
}

SOLO5_EXPORT(gateway_udp_close) void gateway_udp_close(uint32_t slot) {
  if (slot >= MAX_SOCKETS || !sockets[slot]) return;
  udp_remove(sockets[slot]);
  sockets[slot] = NULL;
}

/* Sends the beginning of the buffer, from the given address of ours. */
SOLO5_EXPORT(gateway_udp_send)
int gateway_udp_send(uint32_t slot, uint32_t source, uint32_t address, uint32_t port, uint32_t size) {
  if (slot >= MAX_SOCKETS || !sockets[slot] || size > 65507) return ERR_ARG;
  struct pbuf *data = pbuf_alloc(PBUF_TRANSPORT, (u16_t)size, PBUF_RAM);
  if (!data) return ERR_MEM;
  pbuf_take(data, buffer, (u16_t)size);
  const ip_addr_t from = {source}, to = {address};
  struct netif *netif = ip4_route(&to);
  err_t error = netif ? udp_sendto_if_src(sockets[slot], data, &to, (u16_t)port, netif, &from) : ERR_RTE;
  pbuf_free(data);
  return error;
}

/* Copies the next datagram into the buffer and tells of it in the news. Returns its size, or -1 when there is none. */
SOLO5_EXPORT(gateway_udp_read) int gateway_udp_read(void) {
  if (count == 0) return -1;
  struct datagram *datagram = &inbox[first];
  first = (first + 1) % INBOX_SIZE;
  count--;
  news = (struct news){
      .id = datagram->socket,
      .address = datagram->address,
      .port = datagram->port,
      .destination = datagram->destination,
  };
  u16_t size = datagram->data->tot_len;
  pbuf_copy_partial(datagram->data, buffer, size, 0);
  pbuf_free(datagram->data);
  return size;
}

SOLO5_EXPORT(gateway_udp_dropped) uint32_t gateway_udp_dropped(void) { return dropped; }
