#include "server.h"

#include <stdlib.h>
#include <string.h>

#include "../libos/libos.h"
#include "date.h"

#include "lwip/tcp.h"

/* Callbacks of lwIP's slow timer come every half second. */
#define TICKS_PER_POLL 4
#define TICK_SECONDS 2
#define IDLE_TICKS (60 / TICK_SECONDS)
/* A request has to be whole, and an answer to move on, within this. */
#define PROGRESS_TICKS (30 / TICK_SECONDS)
/* For the other side's end after ours. */
#define LINGER_TICKS 1
/* Bytes that all connections together may hold of requests that are not whole or wait for their turn. */
#define INPUT_BUDGET (1024 * 1024)
/* A request is looked at when an answer's head fits into what may be sent. */
#define SEND_ROOM 2048
#define COPY_LIMIT 4096

enum state { READ_HEAD, READ_BODY, HANDLING, SENDING, LINGERING };

struct http_connection {
  struct tcp_pcb *pcb;
  const struct http_server *server;
  enum state state;
  bool taking, head_only, keep_alive;
  /* The other side has said its last byte. */
  bool ended;
  uint8_t ticks;
  /* What came in and was not used; it came in through the window, so that it is bounded by it. */
  char *input;
  size_t input_length;
  /* A request whose body comes in pieces: a copy of its head, and the body so far. */
  char *head;
  size_t head_length;
  char *body;
  size_t body_length, body_size;
  bool chunked;
  struct http_chunks chunks;
  /* What is being sent: a copy, then the body. */
  char *copy;
  size_t copy_sent, copy_length;
  const char *out;
  size_t out_left;
  void *owned;
  size_t unacknowledged;
};

struct http_counters http_counters;
static struct http_connection connections[LIBOS_CONNECTIONS];
static size_t input_bytes;
/* lwIP wants to know when a callback has aborted its own connection. */
static const struct tcp_pcb *aborted;
static struct http_head head;

static void resume(struct http_connection *c);

/* --- memory ---------------------------------------------------------------------------------------- */

static void *take_memory(size_t size) {
  if (input_bytes + size > INPUT_BUDGET) return NULL;
  void *memory = malloc(size);
  if (memory) input_bytes += size;
  return memory;
}

static void give_memory(void *memory, size_t size) {
  if (!memory) return;
  free(memory);
  input_bytes -= size;
}

static void forget_input(struct http_connection *c) {
  give_memory(c->input, c->input_length);
  c->input = NULL;
  c->input_length = 0;
}

static void forget_request(struct http_connection *c) {
  give_memory(c->head, c->head_length);
  give_memory(c->body, c->body_size);
  c->head = c->body = NULL;
  c->body_length = c->body_size = 0;
}

static void forget_output(struct http_connection *c) {
  free(c->copy);
  free(c->owned);
  c->copy = c->owned = NULL;
  c->copy_length = c->copy_sent = c->out_left = 0;
}

/* --- the end of a connection ------------------------------------------------------------------------ */

static void forget(struct http_connection *c) {
  bool unanswered = c->state == HANDLING;
  c->pcb = NULL;
  http_counters.open--;
  forget_input(c);
  forget_request(c);
  forget_output(c);
  if (unanswered && c->server->gone) c->server->gone(c);
}

static struct tcp_pcb *detach(struct http_connection *c) {
  struct tcp_pcb *pcb = c->pcb;
  tcp_arg(pcb, NULL);
  tcp_recv(pcb, NULL);
  tcp_sent(pcb, NULL);
  tcp_err(pcb, NULL);
  tcp_poll(pcb, NULL, 0);
  forget(c);
  return pcb;
}

static void abort_connection(struct http_connection *c) {
  struct tcp_pcb *pcb = detach(c);
  aborted = pcb;
  tcp_abort(pcb);
}

static void close_connection(struct http_connection *c) {
  struct tcp_pcb *pcb = detach(c);
  if (tcp_close(pcb) == ERR_OK) return;
  aborted = pcb;
  tcp_abort(pcb);
}

/*
 * Says that nothing more comes, and hears the other side out: a close now could cost it the answer. One that does not
 * close in turn is not waited for as long as TCP would, for there are few connections.
 */
static void linger(struct http_connection *c) {
  c->state = LINGERING;
  c->ticks = 0;
  if (tcp_shutdown(c->pcb, 0, 1) != ERR_OK) abort_connection(c);
}

static void drop_input(struct http_connection *c) {
  tcp_recved(c->pcb, (u16_t)c->input_length);
  forget_input(c);
}

/* --- answers ---------------------------------------------------------------------------------------- */

static void finish(struct http_connection *c) {
  forget_output(c);
  c->ticks = 0;
  if (c->keep_alive) {
    c->state = READ_HEAD;
    return;
  }
  drop_input(c);
  if (c->ended) close_connection(c);
  else linger(c);
}

/* Hands to TCP as much as it takes. */
static void pump(struct http_connection *c) {
  while (c->copy_sent < c->copy_length) {
    size_t part = c->copy_length - c->copy_sent;
    if (part > tcp_sndbuf(c->pcb)) part = tcp_sndbuf(c->pcb);
    u8_t more = c->out_left > 0 ? TCP_WRITE_FLAG_MORE : 0;
    if (part == 0 || tcp_write(c->pcb, c->copy + c->copy_sent, (u16_t)part, TCP_WRITE_FLAG_COPY | more)) return;
    c->copy_sent += part;
    c->unacknowledged += part;
  }
  while (c->out_left > 0) {
    size_t part = c->out_left;
    if (part > tcp_sndbuf(c->pcb)) part = tcp_sndbuf(c->pcb);
    if (part == 0 || tcp_write(c->pcb, c->out, (u16_t)part, 0) != ERR_OK) return;
    c->out += part;
    c->out_left -= part;
    c->unacknowledged += part;
  }
  if (c->owned && c->unacknowledged > 0) return;
  finish(c);
}

static const char *reason(int status) {
  switch (status) {
    case 200: return "OK";
    case 201: return "Created";
    case 204: return "No Content";
    case 206: return "Partial Content";
    case 301: return "Moved Permanently";
    case 304: return "Not Modified";
    case 400: return "Bad Request";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 408: return "Request Timeout";
    case 409: return "Conflict";
    case 411: return "Length Required";
    case 413: return "Content Too Large";
    case 414: return "URI Too Long";
    case 416: return "Range Not Satisfiable";
    case 417: return "Expectation Failed";
    case 429: return "Too Many Requests";
    case 431: return "Request Header Fields Too Large";
    case 500: return "Internal Server Error";
    case 501: return "Not Implemented";
    case 503: return "Service Unavailable";
    case 505: return "HTTP Version Not Supported";
    case 507: return "Insufficient Storage";
    default: return "Unknown";
  }
}

static bool has_body(int status) { return status != 204 && status != 304; }

static size_t write_head(char *buffer, size_t size, struct http_connection *c, const struct http_response *r) {
  static char date[HTTP_DATE_SIZE];
  static uint64_t dated;
  if (!dated || turn_time() - dated > 1000000000u) {
    http_date(solo5_clock_wall() / 1000000000u, date);
    dated = turn_time();
  }
  size_t at = format(buffer, size, "HTTP/1.1 %d %s\r\nDate: %s\r\n", r->status, reason(r->status), date);
  if (has_body(r->status)) at += format(buffer + at, size - at, "Content-Length: %u\r\n", (uint32_t)r->length);
  if (r->type) at += format(buffer + at, size - at, "Content-Type: %s\r\n", r->type);
  if (r->headers) at += format(buffer + at, size - at, "%s", r->headers);
  if (!c->keep_alive) at += format(buffer + at, size - at, "Connection: close\r\n");
  return at + format(buffer + at, size - at, "\r\n");
}

void http_respond(struct http_connection *c, const struct http_response *r) {
  static char scratch[SEND_ROOM + COPY_LIMIT];
  bool body = !c->head_only && has_body(r->status) && r->length > 0;
  size_t length = write_head(scratch, SEND_ROOM, c, r);
  if (r->status >= 400) http_counters.errors++;
  c->owned = r->kind == HTTP_OWNED ? (void *)r->body : NULL;
  if (body && r->length <= COPY_LIMIT) {
    memcpy(scratch + length, r->body, r->length);
    length += r->length;
    body = false;
  }
  if (!body) {
    free(c->owned);
    c->owned = NULL;
  } else if (r->kind == HTTP_COPY) {
    c->owned = malloc(r->length);
    if (!c->owned) return abort_connection(c);
    memcpy(c->owned, r->body, r->length);
  }
  c->out = body ? (c->owned ? c->owned : r->body) : NULL;
  c->out_left = body ? r->length : 0;
  c->state = SENDING;
  c->ticks = 0;
  u8_t more = body ? TCP_WRITE_FLAG_MORE : 0;
  if (length <= tcp_sndbuf(c->pcb) && tcp_write(c->pcb, scratch, (u16_t)length, TCP_WRITE_FLAG_COPY | more) == ERR_OK) {
    c->unacknowledged += length;
  } else {
    c->copy = malloc(length);
    if (!c->copy) return abort_connection(c);
    memcpy(c->copy, scratch, length);
    c->copy_length = length;
  }
  bool later = !c->taking;
  pump(c);
  if (!later || !c->pcb) return;
  tcp_output(c->pcb);
  resume(c);
}

void http_respond_text(struct http_connection *c, int status, const char *text) {
  char body[256];
  size_t length = format(body, sizeof body, "%s\n", text);
  http_respond(c, &(struct http_response){status, "text/plain; charset=utf-8", NULL, body, length, HTTP_COPY});
}

/* Answers what cannot be read on from. */
static void refuse(struct http_connection *c, int status) {
  c->keep_alive = c->head_only = false;
  if (c->server->refuse) c->server->refuse(c, status);
  else http_respond_text(c, status, reason(status));
}

/* --- requests --------------------------------------------------------------------------------------- */

static void handle(struct http_connection *c, struct text body) {
  c->state = HANDLING;
  c->ticks = 0;
  c->head_only = text_is(head.method, "HEAD");
  c->keep_alive = head.keep_alive;
  http_counters.requests++;
  c->server->handle(c, &(struct http_request){&head, body});
}

/* Prepares for a body that is not all there. */
static void expect_body(struct http_connection *c, const char *bytes, size_t length) {
  size_t size = head.chunked ? c->server->body_limit : (size_t)head.content_length;
  c->head = take_memory(length);
  if (c->head) c->head_length = length;
  c->body = take_memory(size);
  if (c->body) c->body_size = size;
  if (!c->head || !c->body) {
    forget_request(c);
    refuse(c, 503);
    return;
  }
  memcpy(c->head, bytes, length);
  c->body_length = 0;
  c->chunked = head.chunked;
  c->chunks = (struct http_chunks){0, 0, 0};
  c->state = READ_BODY;
  if (!head.expects_continue) return;
  static const char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";
  if (tcp_write(c->pcb, go_on, sizeof go_on - 1, 0) == ERR_OK) c->unacknowledged += sizeof go_on - 1;
}

static size_t take_head(struct http_connection *c, const char *bytes, size_t length) {
  size_t used;
  int status = http_parse_head(bytes, length, &head, &used);
  if (status == HTTP_MORE) return 0;
  if (status == HTTP_WHOLE && head.has_length && head.content_length > c->server->body_limit) status = 413;
  if (status != HTTP_WHOLE) {
    tcp_recved(c->pcb, (u16_t)length);
    refuse(c, status);
    return length;
  }
  /* The window is opened before the answer: a close with a window that is not all open would be a reset. */
  bool whole = !head.chunked && head.content_length <= length - used;
  size_t taken = used + (whole ? (size_t)head.content_length : 0);
  tcp_recved(c->pcb, (u16_t)taken);
  if (whole) handle(c, (struct text){bytes + used, (size_t)head.content_length});
  else expect_body(c, bytes, used);
  return taken;
}

/* The body is whole: the head is read once more, for it was only views of bytes that are gone. */
static void handle_collected(struct http_connection *c) {
  size_t used;
  http_parse_head(c->head, c->head_length, &head, &used);
  handle(c, (struct text){c->body, c->body_length});
  if (c->pcb) forget_request(c);
}

static size_t take_body(struct http_connection *c, const char *bytes, size_t length) {
  size_t used, put, room = c->body_size - c->body_length;
  char *out = c->body + c->body_length;
  int status;
  if (c->chunked) {
    status = http_chunks_read(&c->chunks, (struct text){bytes, length}, &used, out, room, &put);
  } else {
    put = used = length < room ? length : room;
    memcpy(out, bytes, put);
    status = put == room ? HTTP_WHOLE : HTTP_MORE;
  }
  if (status >= 400) used = length;
  tcp_recved(c->pcb, (u16_t)used);
  if (status >= 400) {
    forget_request(c);
    refuse(c, status);
    return used;
  }
  c->body_length += put;
  if (status == HTTP_WHOLE) handle_collected(c);
  return used;
}

/* Uses up as much as can be now, and returns how much that was. The connection may be gone after it. */
static size_t take(struct http_connection *c, const char *bytes, size_t length) {
  size_t used = 0;
  c->taking = true;
  while (c->pcb && used < length) {
    size_t part = 0;
    if (c->state == READ_HEAD) part = take_head(c, bytes + used, length - used);
    else if (c->state == READ_BODY) part = take_body(c, bytes + used, length - used);
    else if (c->state == LINGERING) tcp_recved(c->pcb, (u16_t)(part = length - used));
    if (part == 0) break;
    used += part;
  }
  c->taking = false;
  return used;
}

/* Keeps what cannot be used now. False when there is no memory for it. */
static bool keep_input(struct http_connection *c, const char *bytes, size_t length) {
  if (length == 0) return true;
  char *input = take_memory(c->input_length + length);
  if (!input) return false;
  memcpy(input, c->input, c->input_length);
  memcpy(input + c->input_length, bytes, length);
  size_t total = c->input_length + length;
  forget_input(c);
  c->input = input;
  c->input_length = total;
  return true;
}

/* Closes what has nothing more to say and to hear. */
static void settle(struct http_connection *c) {
  bool reading = c->state == READ_HEAD || c->state == READ_BODY;
  if (!c->ended || !(reading || c->state == LINGERING)) return;
  drop_input(c);
  close_connection(c);
}

/* Goes on with what came in meanwhile. */
static void resume(struct http_connection *c) {
  if (c->input_length > 0 && c->state == READ_HEAD) {
    char *input = c->input;
    size_t length = c->input_length;
    c->input = NULL;
    c->input_length = 0;
    size_t used = take(c, input, length);
    if (c->pcb && !keep_input(c, input + used, length - used)) abort_connection(c);
    give_memory(input, length);
  }
  if (c->pcb) settle(c);
}

static void receive_piece(struct http_connection *c, const char *bytes, size_t length) {
  if (c->input_length > 0) {
    if (!keep_input(c, bytes, length)) abort_connection(c);
    else resume(c);
    return;
  }
  size_t used = take(c, bytes, length);
  if (c->pcb && !keep_input(c, bytes + used, length - used)) abort_connection(c);
}

static err_t result_for(const struct tcp_pcb *pcb) { return aborted == pcb ? ERR_ABRT : ERR_OK; }

static err_t on_receive(void *argument, struct tcp_pcb *pcb, struct pbuf *data, err_t error) {
  struct http_connection *c = argument;
  (void)error;
  aborted = NULL;
  if (!data) {
    c->ended = true;
    settle(c);
    return result_for(pcb);
  }
  for (struct pbuf *piece = data; piece && c->pcb == pcb; piece = piece->next) {
    receive_piece(c, piece->payload, piece->len);
  }
  pbuf_free(data);
  return result_for(pcb);
}

static err_t on_sent(void *argument, struct tcp_pcb *pcb, u16_t length) {
  struct http_connection *c = argument;
  aborted = NULL;
  c->unacknowledged -= length;
  if (c->state != SENDING) return ERR_OK;
  c->ticks = 0;
  pump(c);
  if (c->pcb == pcb && c->state == READ_HEAD) resume(c);
  return result_for(pcb);
}

static bool too_late(const struct http_connection *c) {
  switch (c->state) {
    case READ_HEAD: return c->ticks > (c->input_length > 0 ? PROGRESS_TICKS : IDLE_TICKS);
    case HANDLING: return false;
    case LINGERING: return c->ticks > LINGER_TICKS;
    default: return c->ticks > PROGRESS_TICKS;
  }
}

static err_t on_tick(void *argument, struct tcp_pcb *pcb) {
  struct http_connection *c = argument;
  aborted = NULL;
  c->ticks++;
  if (too_late(c)) {
    bool partial = c->state == READ_BODY || (c->state == READ_HEAD && c->input_length > 0);
    if (partial) refuse(c, 408);
    else if (c->state == READ_HEAD) linger(c);
    else abort_connection(c);
  } else if (c->state == SENDING) {
    pump(c);
    if (c->pcb == pcb && c->state == READ_HEAD) resume(c);
  }
  return result_for(pcb);
}

/* The connection is gone already. */
static void on_error(void *argument, err_t error) {
  (void)error;
  forget(argument);
}

static err_t on_accept(void *argument, struct tcp_pcb *pcb, err_t error) {
  struct http_connection *c = connections;
  if (error != ERR_OK || !pcb) return ERR_VAL;
  while (c < connections + LIBOS_CONNECTIONS && c->pcb) c++;
  /* There is one for each that lwIP has. */
  if (c == connections + LIBOS_CONNECTIONS) return ERR_MEM;
  *c = (struct http_connection){.pcb = pcb, .server = argument, .state = READ_HEAD};
  http_counters.connections++;
  http_counters.open++;
  tcp_arg(pcb, c);
  tcp_recv(pcb, on_receive);
  tcp_sent(pcb, on_sent);
  tcp_err(pcb, on_error);
  tcp_poll(pcb, on_tick, TICKS_PER_POLL);
  tcp_nagle_disable(pcb);
  return ERR_OK;
}

void http_serve(const struct http_server *server) {
  struct tcp_pcb *pcb = tcp_new();
  if (!pcb || tcp_bind(pcb, IP_ADDR_ANY, server->port) != ERR_OK) give_up("Cannot bind port %u", server->port);
  struct tcp_pcb *listener = tcp_listen(pcb);
  if (!listener) give_up("Cannot listen on port %u", server->port);
  tcp_arg(listener, (void *)server);
  tcp_accept(listener, on_accept);
}
