/* An HTTP/1.1 server on lwIP: keep-alive, pipelining, chunked bodies, Expect; one request of a connection at a time. */
#ifndef HTTP_SERVER_H
#define HTTP_SERVER_H

#include "parse.h"

struct http_connection;

struct http_request {
  const struct http_head *head;
  struct text body;
};

/*
 * Called with a whole request, which is there until the call returns. Answers by http_respond, now or later. HEAD is
 * answered like GET; the server leaves the body away.
 */
typedef void (*http_handler)(struct http_connection *connection, const struct http_request *request);

struct http_server {
  uint16_t port;
  http_handler handle;
  /* Bytes of a request's body; a larger one is refused with 413. */
  size_t body_limit;
  /* Called when a connection has ended whose request was not answered: it must not be answered any more. Or NULL. */
  void (*gone)(struct http_connection *connection);
  /*
   * Answers, at once, what the server refuses by itself: what is no HTTP, too large (413), too late (408), or finds no
   * memory (503). Or NULL: with a plain text.
   */
  void (*refuse)(struct http_connection *connection, int status);
};

enum http_body {
  /* Copied by http_respond. */
  HTTP_COPY,
  /* Stays as it is for ever. */
  HTTP_STATIC,
  /* From malloc; freed by the server, also when the connection has ended. */
  HTTP_OWNED,
};

struct http_response {
  int status;
  /* The value of Content-Type, or NULL. */
  const char *type;
  /* Further header lines, each with its CRLF, or NULL. */
  const char *headers;
  const void *body;
  size_t length;
  enum http_body kind;
};

/* Listens. Ends the unikernel when the port cannot be had. The server stays as it is for ever. */
void http_serve(const struct http_server *server);
void http_respond(struct http_connection *connection, const struct http_response *response);
/* A plain text that says what is the matter, with a line's end. */
void http_respond_text(struct http_connection *connection, int status, const char *text);

struct http_counters {
  uint64_t connections, requests, errors;
  uint32_t open;
};
extern struct http_counters http_counters;

#endif
