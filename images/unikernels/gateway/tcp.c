#include "gateway.h"

#include "lwip/priv/tcp_priv.h"

#define MAX_CONNECTIONS (LIBOS_CONNECTIONS - 32)
#define BACKLOG 255
/* Milliseconds: a guest that was killed says nothing any more. */
#define KEEP_IDLE 30000
#define KEEP_INTERVAL 5000
#define KEEP_COUNT 4

struct connection {
  struct tcp_pcb *pcb;
  /* What came and was not read. */
  struct pbuf *inbox;
  struct connection *next_with_news;
  uint32_t flags, local_address;
  int error;
  uint16_t generation, local_port;
  bool used, noted, finishing;
};

static struct connection connections[MAX_CONNECTIONS];
static struct connection *first_news, **last_news = &first_news;
static struct tcp_pcb *listeners[LIBOS_LISTENERS];

static uint32_t id_of(const struct connection *connection) {
  return (uint32_t)connection->generation << 16 | (uint32_t)(connection - connections);
}

/* NULL when it is gone. */
static struct connection *find(uint32_t id) {
  uint32_t slot = id & 0xffff;
  if (slot >= MAX_CONNECTIONS || !connections[slot].used || connections[slot].generation != id >> 16) return NULL;
  return &connections[slot];
}

static void note(struct connection *connection, uint32_t flags) {
  connection->flags |= flags;
  if (connection->noted) return;
  connection->noted = true;
  connection->next_with_news = NULL;
  *last_news = connection;
  last_news = &connection->next_with_news;
}

static void drop_inbox(struct connection *connection) {
  if (connection->inbox) pbuf_free(connection->inbox);
  connection->inbox = NULL;
}

static void release(struct connection *connection) {
  drop_inbox(connection);
  connection->used = false;
}

/* lwIP shall not know of it any more. */
static struct tcp_pcb *detach(struct connection *connection) {
  struct tcp_pcb *pcb = connection->pcb;
  connection->pcb = NULL;
  if (!pcb) return NULL;
  tcp_arg(pcb, NULL);
  tcp_recv(pcb, NULL);
  tcp_sent(pcb, NULL);
  tcp_err(pcb, NULL);
  tcp_poll(pcb, NULL, 0);
  return pcb;
}

static void finish(struct connection *connection) {
  connection->finishing = connection->pcb && tcp_shutdown(connection->pcb, 0, 1) == ERR_MEM;
}

static err_t received(void *argument, struct tcp_pcb *pcb, struct pbuf *data, err_t error) {
  (void)pcb, (void)error;
  struct connection *connection = argument;
  if (!data) {
    note(connection, NEWS_ENDED);
    return ERR_OK;
  }
  if (connection->inbox) pbuf_cat(connection->inbox, data);
  else connection->inbox = data;
  note(connection, NEWS_READABLE);
  return ERR_OK;
}

static err_t sent(void *argument, struct tcp_pcb *pcb, u16_t size) {
  (void)pcb, (void)size;
  note(argument, NEWS_WRITABLE);
  return ERR_OK;
}

/* Once a second: what failed for want of memory is tried again. */
static err_t polled(void *argument, struct tcp_pcb *pcb) {
  (void)pcb;
  struct connection *connection = argument;
  if (connection->finishing) finish(connection);
  note(connection, NEWS_WRITABLE);
  return ERR_OK;
}

static void failed(void *argument, err_t error) {
  struct connection *connection = argument;
  connection->pcb = NULL;
  connection->error = error;
  note(connection, NEWS_CLOSED);
}

static err_t connected(void *argument, struct tcp_pcb *pcb, err_t error) {
  (void)pcb, (void)error;
  note(argument, NEWS_CONNECTED | NEWS_WRITABLE);
  return ERR_OK;
}

static struct connection *attach(struct tcp_pcb *pcb) {
  for (struct connection *each = connections; each < connections + MAX_CONNECTIONS; each++) {
    /* News of the one before it are still to be told. */
    if (each->used || each->noted) continue;
    *each = (struct connection){.pcb = pcb, .used = true, .generation = (each->generation + 1) & 0x7fff};
    tcp_arg(pcb, each);
    tcp_recv(pcb, received);
    tcp_sent(pcb, sent);
    tcp_err(pcb, failed);
    tcp_poll(pcb, polled, 2);
    tcp_nagle_disable(pcb);
    pcb->so_options |= SOF_KEEPALIVE | SOF_REUSEADDR;
    pcb->keep_idle = KEEP_IDLE;
    pcb->keep_intvl = KEEP_INTERVAL;
    pcb->keep_cnt = KEEP_COUNT;
    return each;
  }
  return NULL;
}

static err_t accepted(void *argument, struct tcp_pcb *pcb, err_t error) {
  (void)argument;
  if (error != ERR_OK || !pcb) return ERR_VAL;
  struct connection *connection = attach(pcb);
  if (!connection) {
    tcp_abort(pcb);
    return ERR_ABRT;
  }
  connection->local_address = ip_2_ip4(&pcb->local_ip)->addr;
  connection->local_port = pcb->local_port;
  note(connection, NEWS_ACCEPTED | NEWS_WRITABLE);
  return ERR_OK;
}

/* Returns a number for gateway_unlisten. */
SOLO5_EXPORT(gateway_listen) int gateway_listen(uint32_t address, uint32_t port) {
  const ip_addr_t local = {address};
  int slot = 0;
  while (slot < LIBOS_LISTENERS && listeners[slot]) slot++;
  struct tcp_pcb *pcb = slot < LIBOS_LISTENERS ? tcp_new() : NULL;
  if (!pcb) return ERR_MEM;
  pcb->so_options |= SOF_REUSEADDR;
  err_t error = tcp_bind(pcb, &local, (u16_t)port);
  struct tcp_pcb *listener = error == ERR_OK ? tcp_listen_with_backlog_and_err(pcb, BACKLOG, &error) : NULL;
  if (!listener) {
    tcp_abort(pcb);
    return error;
  }
  tcp_accept(listener, accepted);
  listeners[slot] = listener;
  return slot;
}

SOLO5_EXPORT(gateway_unlisten) void gateway_unlisten(uint32_t slot) {
  if (slot >= LIBOS_LISTENERS || !listeners[slot]) return;
  tcp_close(listeners[slot]);
  listeners[slot] = NULL;
}

/* Returns the number of the connection; NEWS_CONNECTED or NEWS_CLOSED says what became of it. */
SOLO5_EXPORT(gateway_connect) int gateway_connect(uint32_t address, uint32_t port) {
  const ip_addr_t remote = {address};
  struct tcp_pcb *pcb = tcp_new();
  if (!pcb) return ERR_MEM;
  /* Asked again after a second, as RFC 6298 has it; lwIP would wait three. */
  pcb->rto = 1000 / TCP_SLOW_INTERVAL;
  struct connection *connection = attach(pcb);
  err_t error = connection ? tcp_connect(pcb, &remote, (u16_t)port, connected) : ERR_MEM;
  if (error == ERR_OK) return (int)id_of(connection);
  if (connection) {
    detach(connection);
    release(connection);
  }
  tcp_abort(pcb);
  return error;
}

/* Sends the beginning of the buffer. Returns how many bytes were taken; NEWS_WRITABLE says when to try the rest. */
SOLO5_EXPORT(gateway_send) int gateway_send(uint32_t id, uint32_t size) {
  struct connection *connection = find(id);
  if (!connection || !connection->pcb) return ERR_CLSD;
  uint32_t room = tcp_sndbuf(connection->pcb);
  u16_t part = (u16_t)(size < room ? size : room);
  if (part == 0) return 0;
  err_t error = tcp_write(connection->pcb, buffer, part, TCP_WRITE_FLAG_COPY);
  if (error != ERR_OK) return error == ERR_MEM ? 0 : error;
  tcp_output(connection->pcb);
  return part;
}

/* Copies what came into the buffer, returns how many bytes. The other side may send as many again after _took. */
SOLO5_EXPORT(gateway_read) uint32_t gateway_read(uint32_t id) {
  struct connection *connection = find(id);
  if (!connection || !connection->inbox) return 0;
  u16_t size = connection->inbox->tot_len;
  pbuf_copy_partial(connection->inbox, buffer, size, 0);
  drop_inbox(connection);
  return size;
}

SOLO5_EXPORT(gateway_took) void gateway_took(uint32_t id, uint32_t size) {
  struct connection *connection = find(id);
  if (connection && connection->pcb) tcp_recved(connection->pcb, (u16_t)size);
}

/* Nothing more will be sent. */
SOLO5_EXPORT(gateway_finish) void gateway_finish(uint32_t id) {
  struct connection *connection = find(id);
  if (connection) finish(connection);
}

/* Both sides have finished, or nobody cares any more. The number means nothing afterwards. */
SOLO5_EXPORT(gateway_close) void gateway_close(uint32_t id) {
  struct connection *connection = find(id);
  if (!connection) return;
  struct tcp_pcb *pcb = detach(connection);
  release(connection);
  if (pcb && tcp_close(pcb) != ERR_OK) tcp_abort(pcb);
}

SOLO5_EXPORT(gateway_abort) void gateway_abort(uint32_t id) {
  struct connection *connection = find(id);
  if (!connection) return;
  struct tcp_pcb *pcb = detach(connection);
  release(connection);
  if (pcb) tcp_abort(pcb);
}

/* Tells the news of one connection, each once. Returns 0 when there are none. */
SOLO5_EXPORT(gateway_next) int gateway_next(void) {
  for (;;) {
    struct connection *connection = first_news;
    if (!connection) return 0;
    first_news = connection->next_with_news;
    if (!first_news) last_news = &first_news;
    connection->noted = false;
    if (!connection->used) continue;
    news = (struct news){
        .id = id_of(connection),
        .flags = connection->flags,
        .error = connection->error,
        .local_port = connection->local_port,
        .destination = connection->local_address,
    };
    if (connection->pcb) {
      news.address = ip_2_ip4(&connection->pcb->remote_ip)->addr;
      news.port = connection->pcb->remote_port;
    }
    connection->flags = 0;
    return 1;
  }
}
