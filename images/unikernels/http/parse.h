/*
 * HTTP/1.1 requests as bytes (RFC 9112). No part of the library OS in it: compiled natively for tests, too. Strict where
 * two readers could differ about where a request ends: bare CR or LF, folded lines, a length given twice or together
 * with chunks are errors.
 */
#ifndef HTTP_PARSE_H
#define HTTP_PARSE_H

#include "../libos/format.h"

#define HTTP_HEAD_LIMIT 8192
#define HTTP_HEADER_LIMIT 100

struct http_header {
  struct text name, value;
};

struct http_head {
  struct text method;
  /* The target up to its "?", as it was sent, and what comes after. */
  struct text path, query;
  /* 0 or 1. */
  int minor;
  struct http_header headers[HTTP_HEADER_LIMIT];
  size_t count;
  uint64_t content_length;
  bool has_length, chunked, keep_alive, expects_continue;
};

enum { HTTP_WHOLE = 0, HTTP_MORE = 1 };

/*
 * HTTP_WHOLE and how many bytes the head has, HTTP_MORE when it does not end here, or the status to refuse it with. The
 * texts of the head are views of `bytes`.
 */
int http_parse_head(const char *bytes, size_t length, struct http_head *head, size_t *used);

/* The value of the first header of that name; its bytes are NULL when there is none. */
struct text http_header(const struct http_head *head, const char *name);

/* The value of a parameter of a query, still encoded; its bytes are NULL when there is none. */
struct text http_parameter(struct text query, const char *name);

/* Decodes %XX; false when it is malformed, holds a NUL or does not fit into `size` with a NUL after it. */
bool http_decode(struct text text, char *buffer, size_t size, size_t *length);

/*
 * The bytes a Range header asks for, of a body of `size`: first and last, inclusive. HTTP_WHOLE when all is to be sent
 * (no range, or several, or a form we do not know), 206, or 416.
 */
int http_range(struct text value, uint64_t size, uint64_t *first, uint64_t *last);

/* Where the reader of a chunked body is; all zero at first. */
struct http_chunks {
  uint8_t state;
  uint64_t remaining;
  size_t line;
};

/*
 * Takes bytes in and puts what they carry into `out`. HTTP_MORE; HTTP_WHOLE when the body is over (`used` bytes belong
 * to it); or the status to refuse it with: 413 when it has more than `room` bytes.
 */
int http_chunks_read(struct http_chunks *chunks, struct text in, size_t *used, char *out, size_t room, size_t *put);

#endif
