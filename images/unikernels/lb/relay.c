#include "relay.h"

#include <stdlib.h>
#include <string.h>

#include "lwip/tcp.h"

#define RELAYS (LIBOS_CONNECTIONS / 2)
#define TICKS_PER_POLL 2
#define CONNECT_SECONDS 3
#define IDLE_SECONDS 300
/* Without a byte, once one direction is over. */
#define HALF_CLOSED_SECONDS 30
/* Bytes that wait for the other side, of all connections. One has at most its window, for that is opened as they go. */
#define PENDING_BUDGET (8 * 1024 * 1024)

struct side {
  struct relay *relay;
  struct tcp_pcb *pcb;
  /* What has come from here and the other side does not take yet. */
  char *pending;
  size_t length;
  /* It has said its last byte; it was told that nothing more comes. */
  bool ended, finished;
};

struct relay {
  bool used, connected;
  struct side client, server;
  struct backend *backend;
  uint64_t tried;
  uint32_t seconds;
};

struct relay_counters relay_counters;
static struct relay relays[RELAYS];
static size_t pending_bytes;
/* lwIP wants to know when a callback has aborted its own connection. */
static const struct tcp_pcb *aborted[2];

static void connect_backend(struct relay *relay);

static struct side *other(struct side *side) {
  return side == &side->relay->client ? &side->relay->server : &side->relay->client;
}

static err_t result_for(const struct tcp_pcb *pcb) {
  return aborted[0] == pcb || aborted[1] == pcb ? ERR_ABRT : ERR_OK;
}

static void begin_callback(void) { aborted[0] = aborted[1] = NULL; }

/* --- the end ----------------------------------------------------------------------------------------- */

static void forget_pending(struct side *side) {
  free(side->pending);
  pending_bytes -= side->length;
  side->pending = NULL;
  side->length = 0;
}

static struct tcp_pcb *detach(struct side *side) {
  struct tcp_pcb *pcb = side->pcb;
  side->pcb = NULL;
  if (!pcb) return NULL;
  tcp_arg(pcb, NULL);
  tcp_recv(pcb, NULL);
  tcp_sent(pcb, NULL);
  tcp_err(pcb, NULL);
  tcp_poll(pcb, NULL, 0);
  return pcb;
}

static void abort_side(struct side *side) {
  struct tcp_pcb *pcb = detach(side);
  if (!pcb) return;
  aborted[side == &side->relay->client] = pcb;
  tcp_abort(pcb);
}

static void leave_backend(struct relay *relay) {
  if (relay->backend) pool_disconnected(relay->backend);
  relay->backend = NULL;
}

static void release(struct relay *relay) {
  leave_backend(relay);
  forget_pending(&relay->client);
  forget_pending(&relay->server);
  relay->used = false;
  relay_counters.active--;
}

static void abort_relay(struct relay *relay) {
  abort_side(&relay->client);
  abort_side(&relay->server);
  release(relay);
}

static void close_side(struct side *side) {
  struct tcp_pcb *pcb = detach(side);
  if (!pcb || tcp_close(pcb) == ERR_OK) return;
  aborted[side == &side->relay->client] = pcb;
  tcp_abort(pcb);
}

/* Both have said all, and it has been passed on. */
static void close_if_done(struct relay *relay) {
  if (!relay->client.finished || !relay->server.finished) return;
  close_side(&relay->client);
  close_side(&relay->server);
  release(relay);
}

void relay_reset(struct backend *backend) {
  for (size_t i = 0; i < RELAYS; i++) {
    if (!relays[i].used || relays[i].backend != backend || !relays[i].connected) continue;
    relay_counters.reset++;
    abort_relay(&relays[i]);
  }
}

/* --- bytes ------------------------------------------------------------------------------------------- */

static void count(struct side *from, size_t bytes) {
  struct relay *relay = from->relay;
  relay->seconds = 0;
  if (from == &relay->client) relay->backend->sent += bytes;
  else relay->backend->received += bytes;
}

/* Hands bytes to the other side's TCP, and returns how many it took. */
static size_t write_to(struct side *from, const char *bytes, size_t length) {
  struct tcp_pcb *to = other(from)->pcb;
  size_t written = 0;
  while (written < length) {
    size_t part = length - written;
    if (part > tcp_sndbuf(to)) part = tcp_sndbuf(to);
    if (part == 0 || tcp_write(to, bytes + written, (u16_t)part, TCP_WRITE_FLAG_COPY) != ERR_OK) break;
    written += part;
  }
  if (written > 0) {
    count(from, written);
    tcp_recved(from->pcb, (u16_t)written);
  }
  return written;
}

static bool keep(struct side *side, const char *bytes, size_t length) {
  if (length == 0) return true;
  if (pending_bytes + length > PENDING_BUDGET) return false;
  char *pending = realloc(side->pending, side->length + length);
  if (!pending) return false;
  memcpy(pending + side->length, bytes, length);
  side->pending = pending;
  side->length += length;
  pending_bytes += length;
  return true;
}

/* Passes on what waits and, after it, the end. */
static void forward(struct side *from) {
  struct side *to = other(from);
  if (!from->relay->connected || !from->pcb || !to->pcb) return;
  size_t written = write_to(from, from->pending, from->length);
  if (written > 0) {
    pending_bytes -= written;
    from->length -= written;
    memmove(from->pending, from->pending + written, from->length);
    if (from->length == 0) forget_pending(from);
  }
  if (from->ended && from->length == 0 && !to->finished) to->finished = tcp_shutdown(to->pcb, 0, 1) == ERR_OK;
  tcp_output(to->pcb);
}

static bool take_piece(struct side *side, const char *bytes, size_t length) {
  size_t written = 0;
  if (side->relay->connected && side->length == 0) written = write_to(side, bytes, length);
  return keep(side, bytes + written, length - written);
}

static err_t on_receive(void *argument, struct tcp_pcb *pcb, struct pbuf *data, err_t error) {
  struct side *side = argument;
  struct relay *relay = side->relay;
  (void)error;
  begin_callback();
  bool kept = true;
  if (data) {
    for (struct pbuf *piece = data; piece && kept; piece = piece->next) kept = take_piece(side, piece->payload, piece->len);
    pbuf_free(data);
  } else {
    side->ended = true;
  }
  if (!kept) {
    relay_counters.reset++;
    abort_relay(relay);
    return result_for(pcb);
  }
  forward(side);
  close_if_done(relay);
  return result_for(pcb);
}

static err_t on_sent(void *argument, struct tcp_pcb *pcb, u16_t length) {
  struct side *side = argument;
  (void)length;
  begin_callback();
  if (other(side)->length == 0) return ERR_OK;
  forward(other(side));
  close_if_done(side->relay);
  return result_for(pcb);
}

static void on_client_error(void *argument, err_t error) {
  struct side *side = argument;
  (void)error;
  side->pcb = NULL;
  abort_relay(side->relay);
}

static void try_another(struct relay *relay) {
  struct backend *failed = relay->backend;
  failed->failed++;
  leave_backend(relay);
  if (failed->used) pool_failed(failed);
  relay_counters.retried++;
  connect_backend(relay);
}

static void on_server_error(void *argument, err_t error) {
  struct side *side = argument;
  struct relay *relay = side->relay;
  (void)error;
  side->pcb = NULL;
  if (!relay->connected) {
    try_another(relay);
    return;
  }
  relay->backend->failed++;
  relay_counters.reset++;
  abort_relay(relay);
}

static bool is_idle(const struct relay *relay) {
  bool half_closed = relay->client.finished || relay->server.finished;
  return relay->seconds >= (half_closed ? HALF_CLOSED_SECONDS : IDLE_SECONDS);
}

/* Once in a second. */
static err_t on_tick(void *argument, struct tcp_pcb *pcb) {
  struct side *side = argument;
  struct relay *relay = side->relay;
  begin_callback();
  relay->seconds++;
  if (!relay->connected && relay->seconds >= CONNECT_SECONDS) {
    abort_side(&relay->server);
    try_another(relay);
  } else if (is_idle(relay)) {
    relay_counters.reset++;
    abort_relay(relay);
  } else if (relay->connected) {
    /* What could not be sent for want of memory is tried again. */
    forward(&relay->client);
    forward(&relay->server);
    close_if_done(relay);
  }
  return result_for(pcb);
}

/* --- the beginning ----------------------------------------------------------------------------------- */

static err_t on_connected(void *argument, struct tcp_pcb *pcb, err_t error) {
  struct side *side = argument;
  (void)error;
  begin_callback();
  side->relay->connected = true;
  side->relay->seconds = 0;
  pool_succeeded(side->relay->backend);
  forward(&side->relay->client);
  close_if_done(side->relay);
  return result_for(pcb);
}

static bool start_connection(struct relay *relay) {
  struct tcp_pcb *pcb = tcp_new();
  if (!pcb) return false;
  ip_addr_t address = {relay->backend->address};
  relay->server.pcb = pcb;
  tcp_arg(pcb, &relay->server);
  tcp_recv(pcb, on_receive);
  tcp_sent(pcb, on_sent);
  tcp_err(pcb, on_server_error);
  tcp_nagle_disable(pcb);
  if (tcp_connect(pcb, &address, relay->backend->port, on_connected) == ERR_OK) return true;
  detach(&relay->server);
  tcp_abort(pcb);
  return false;
}

static void connect_backend(struct relay *relay) {
  uint32_t client = ip_addr_get_ip4_u32(&relay->client.pcb->remote_ip);
  relay->backend = pool_pick(client, relay->tried);
  relay->seconds = 0;
  if (relay->backend) {
    relay->tried |= pool_bit(relay->backend);
    pool_connected(relay->backend);
    if (start_connection(relay)) return;
  }
  relay_counters.refused++;
  abort_relay(relay);
}

static struct relay *new_relay(struct tcp_pcb *pcb) {
  for (size_t i = 0; i < RELAYS; i++) {
    struct relay *relay = &relays[i];
    if (relay->used) continue;
    *relay = (struct relay){.used = true, .client = {.relay = relay, .pcb = pcb}, .server = {.relay = relay}};
    relay_counters.active++;
    return relay;
  }
  return NULL;
}

static err_t on_accept(void *argument, struct tcp_pcb *pcb, err_t error) {
  (void)argument;
  begin_callback();
  if (error != ERR_OK || !pcb) return ERR_VAL;
  struct relay *relay = new_relay(pcb);
  if (!relay) return ERR_MEM;
  relay_counters.accepted++;
  tcp_arg(pcb, &relay->client);
  tcp_recv(pcb, on_receive);
  tcp_sent(pcb, on_sent);
  tcp_err(pcb, on_client_error);
  tcp_poll(pcb, on_tick, TICKS_PER_POLL);
  tcp_nagle_disable(pcb);
  connect_backend(relay);
  return result_for(pcb);
}

void relay_listen(uint16_t port) {
  struct tcp_pcb *pcb = tcp_new();
  if (!pcb || tcp_bind(pcb, IP_ADDR_ANY, port) != ERR_OK) give_up("Cannot bind port %u", (uint32_t)port);
  struct tcp_pcb *listener = tcp_listen(pcb);
  if (!listener) give_up("Cannot listen on port %u", (uint32_t)port);
  tcp_accept(listener, on_accept);
}
