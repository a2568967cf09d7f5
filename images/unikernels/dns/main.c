/*
 * An authoritative name server for the zone in /etc/zone, by UDP and TCP. Options: --port=53. Without a zone file it
 * serves the module's own, an example.
 */
#include <string.h>

#include "../include/manifest.h"
#include "../libos/libos.h"
#include "answer.h"

#include "lwip/tcp.h"
#include "lwip/udp.h"

SOLO5_MANIFEST(SOLO5_NET("service"));

#define QUERY_LIMIT 1024
#define TICKS_PER_POLL 4
/* Callbacks, every two seconds, without a query. */
#define IDLE_POLLS 5

/* A connection's query as it comes in, after two bytes with its length (RFC 7766). */
struct stream {
  struct tcp_pcb *pcb;
  uint8_t bytes[2 + QUERY_LIMIT];
  size_t length;
  uint8_t idle;
};

static struct zone zone;
static struct stream streams[LIBOS_CONNECTIONS];
static uint8_t answer[2 + ANSWER_LIMIT];

static void on_datagram(void *argument, struct udp_pcb *pcb, struct pbuf *data, const ip_addr_t *address, u16_t port) {
  char query[QUERY_LIMIT];
  (void)argument;
  size_t length = data->tot_len <= sizeof query ? pbuf_copy_partial(data, query, sizeof query, 0) : 0;
  pbuf_free(data);
  length = dns_answer(&zone, (struct text){query, length}, true, answer, ANSWER_DATAGRAM_LIMIT);
  struct pbuf *reply = length > 0 ? pbuf_alloc(PBUF_TRANSPORT, (u16_t)length, PBUF_RAM) : NULL;
  if (!reply) return;
  pbuf_take(reply, answer, (u16_t)length);
  udp_sendto(pcb, reply, address, port);
  pbuf_free(reply);
}

/* --- TCP ---------------------------------------------------------------------------------------------- */

static err_t end_stream(struct stream *stream, bool abort) {
  struct tcp_pcb *pcb = stream->pcb;
  stream->pcb = NULL;
  tcp_arg(pcb, NULL);
  tcp_recv(pcb, NULL);
  tcp_err(pcb, NULL);
  tcp_poll(pcb, NULL, 0);
  if (!abort && tcp_close(pcb) == ERR_OK) return ERR_OK;
  tcp_abort(pcb);
  return ERR_ABRT;
}

/* Answers the query that is there. False when the connection is of no more use. */
static bool answer_stream(struct stream *stream) {
  struct text query = {(const char *)stream->bytes + 2, stream->length - 2};
  size_t length = dns_answer(&zone, query, false, answer + 2, ANSWER_LIMIT);
  if (length == 0) return false;
  answer[0] = (uint8_t)(length >> 8);
  answer[1] = (uint8_t)length;
  stream->length = 0;
  /* Who asks without reading the answers is cut off. */
  return tcp_write(stream->pcb, answer, (u16_t)(2 + length), TCP_WRITE_FLAG_COPY) == ERR_OK;
}

/* How many bytes of the query are still to come; 0 when it is whole. */
static size_t missing(const struct stream *stream) {
  if (stream->length < 2) return 2 - stream->length;
  return 2 + (size_t)(stream->bytes[0] << 8 | stream->bytes[1]) - stream->length;
}

static bool take(struct stream *stream, const uint8_t *bytes, size_t length) {
  while (length > 0) {
    size_t part = missing(stream);
    if (part > length) part = length;
    if (stream->length + part > sizeof stream->bytes) return false;
    memcpy(stream->bytes + stream->length, bytes, part);
    stream->length += part, bytes += part, length -= part;
    if (stream->length > 2 && missing(stream) == 0 && !answer_stream(stream)) return false;
    if (stream->length == 2 && missing(stream) == 0) return false;
  }
  return true;
}

static err_t on_receive(void *argument, struct tcp_pcb *pcb, struct pbuf *data, err_t error) {
  struct stream *stream = argument;
  (void)error;
  if (!data) return end_stream(stream, false);
  bool good = true;
  stream->idle = 0;
  for (struct pbuf *piece = data; piece && good; piece = piece->next) good = take(stream, piece->payload, piece->len);
  tcp_recved(pcb, data->tot_len);
  pbuf_free(data);
  return good ? ERR_OK : end_stream(stream, true);
}

static err_t on_tick(void *argument, struct tcp_pcb *pcb) {
  struct stream *stream = argument;
  (void)pcb;
  return ++stream->idle > IDLE_POLLS ? end_stream(stream, false) : ERR_OK;
}

static void on_error(void *argument, err_t error) {
  struct stream *stream = argument;
  (void)error;
  if (stream) stream->pcb = NULL;
}

static err_t on_accept(void *argument, struct tcp_pcb *pcb, err_t error) {
  struct stream *stream = streams;
  (void)argument;
  if (error != ERR_OK || !pcb) return ERR_VAL;
  while (stream < streams + LIBOS_CONNECTIONS && stream->pcb) stream++;
  if (stream == streams + LIBOS_CONNECTIONS) return ERR_MEM;
  stream->pcb = pcb;
  stream->length = 0;
  stream->idle = 0;
  tcp_arg(pcb, stream);
  tcp_recv(pcb, on_receive);
  tcp_err(pcb, on_error);
  tcp_poll(pcb, on_tick, TICKS_PER_POLL);
  tcp_nagle_disable(pcb);
  return ERR_OK;
}

/* --- start -------------------------------------------------------------------------------------------- */

static void load_zone(void) {
  static const uint8_t root[1] = {0};
  struct zone_problem problem;
  const struct file *file = file_find("/etc/zone");
  if (!file) give_up("There is no /etc/zone");
  if (!zone_parse(&zone, (struct text){(const char *)file->bytes, file->size}, root, &problem)) {
    if (problem.line == 0) give_up("/etc/zone: %s", problem.what);
    give_up("/etc/zone, line %u: %s", problem.line, problem.what);
  }
}

int program_start(void) {
  uint16_t port = (uint16_t)option_number("port", 53, 65535);
  load_zone();
  network_start("service");
  struct udp_pcb *receiver = udp_new();
  struct tcp_pcb *listener = tcp_new();
  if (!receiver || udp_bind(receiver, IP_ADDR_ANY, port) != ERR_OK) give_up("Cannot receive on port %u", (uint32_t)port);
  udp_recv(receiver, on_datagram, NULL);
  if (!listener || tcp_bind(listener, IP_ADDR_ANY, port) != ERR_OK) give_up("Cannot listen on port %u", (uint32_t)port);
  listener = tcp_listen(listener);
  if (!listener) give_up("Cannot listen on port %u", (uint32_t)port);
  tcp_accept(listener, on_accept);
  say("%u records; answering on port %u", (uint32_t)zone.count, (uint32_t)port);
  return 0;
}
