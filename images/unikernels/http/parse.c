#include "parse.h"

#include <string.h>

/* Characters of a token (RFC 9110, 5.6.2). */
static bool is_token(struct text text) {
  if (text.length == 0) return false;
  for (size_t i = 0; i < text.length; i++) {
    char c = text.bytes[i];
    bool alphanumeric = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (!alphanumeric && (c == 0 || !strchr("!#$%&'*+-.^_`|~", c))) return false;
  }
  return true;
}

/* Visible characters and, if `spaces`, spaces and tabs. */
static bool is_clean(struct text text, bool spaces) {
  for (size_t i = 0; i < text.length; i++) {
    uint8_t c = (uint8_t)text.bytes[i];
    if (c < 0x20 ? !(spaces && c == '\t') : c == 0x7f || (c == ' ' && !spaces)) return false;
  }
  return true;
}

static struct text trim_blanks(struct text text) {
  while (text.length > 0 && (text.bytes[0] == ' ' || text.bytes[0] == '\t')) text.bytes++, text.length--;
  while (text.length > 0 && (text.bytes[text.length - 1] == ' ' || text.bytes[text.length - 1] == '\t')) text.length--;
  return text;
}

static int parse_request_line(struct text line, struct http_head *head) {
  struct text method = text_split(&line, ' ');
  struct text target = text_split(&line, ' ');
  if (!is_token(method)) return 400;
  if (target.length == 0 || !is_clean(target, false)) return 400;
  if (!text_starts(line, "HTTP/")) return 400;
  if (text_is(line, "HTTP/1.1")) head->minor = 1;
  else if (text_is(line, "HTTP/1.0")) head->minor = 0;
  else return 505;
  /* The absolute form (RFC 9112, 3.2.2): what comes after the host is the path. */
  if (text_starts(target, "http://")) {
    target.bytes += 7, target.length -= 7;
    const char *slash = memchr(target.bytes, '/', target.length);
    target = slash ? (struct text){slash, target.length - (size_t)(slash - target.bytes)} : TEXT("/");
  }
  if (target.bytes[0] != '/' && !text_is(target, "*")) return 400;
  head->method = method;
  head->query = target;
  head->path = text_split(&head->query, '?');
  return HTTP_WHOLE;
}

static bool list_has(struct text list, const char *word) {
  while (list.length > 0) {
    if (text_is_nocase(trim_blanks(text_split(&list, ',')), word)) return true;
  }
  return false;
}

static int apply_length(struct text value, struct http_head *head) {
  uint64_t length;
  if (!text_number(value, UINT64_MAX, &length)) return 400;
  if (head->has_length && head->content_length != length) return 400;
  head->has_length = true;
  head->content_length = length;
  return HTTP_WHOLE;
}

/* Looks at the headers that say how the message is framed. */
static int apply_header(const struct http_header *header, struct http_head *head, int *hosts) {
  switch (header->name.length) {
    case 4:
      if (text_is_nocase(header->name, "host")) ++*hosts;
      break;
    case 6:
      if (text_is_nocase(header->name, "expect")) {
        if (!text_is_nocase(header->value, "100-continue")) return 417;
        head->expects_continue = head->minor == 1;
      }
      break;
    case 10:
      if (text_is_nocase(header->name, "connection")) {
        if (list_has(header->value, "close")) head->keep_alive = false;
        else if (head->minor == 0 && list_has(header->value, "keep-alive")) head->keep_alive = true;
      }
      break;
    case 14:
      if (text_is_nocase(header->name, "content-length")) return apply_length(header->value, head);
      break;
    case 17:
      if (text_is_nocase(header->name, "transfer-encoding")) {
        if (head->minor == 0 || head->chunked) return 400;
        if (!text_is_nocase(header->value, "chunked")) return 501;
        head->chunked = true;
      }
      break;
  }
  return HTTP_WHOLE;
}

/* Takes a line with its CRLF; false when there is none or it ends otherwise. */
static bool next_line(const char **at, const char *end, struct text *line, bool *bare) {
  const char *feed = *at < end ? memchr(*at, '\n', (size_t)(end - *at)) : NULL;
  if (!feed) return false;
  *bare = feed == *at || feed[-1] != '\r';
  *line = (struct text){*at, (size_t)(feed - *at) - (*bare ? 0 : 1)};
  *at = feed + 1;
  return true;
}

int http_parse_head(const char *bytes, size_t length, struct http_head *head, size_t *used) {
  const char *at = bytes, *end = bytes + (length < HTTP_HEAD_LIMIT ? length : HTTP_HEAD_LIMIT);
  int incomplete = length < HTTP_HEAD_LIMIT ? HTTP_MORE : 431;
  struct text line;
  bool bare;
  /* An empty line before a request is to be ignored (RFC 9112, 2.2). */
  while (at + 1 < end && at[0] == '\r' && at[1] == '\n') at += 2;
  if (!next_line(&at, end, &line, &bare)) return incomplete == 431 ? 414 : HTTP_MORE;
  if (bare) return 400;
  head->count = 0;
  head->has_length = head->chunked = head->expects_continue = false;
  head->content_length = 0;
  int status = parse_request_line(line, head);
  if (status != HTTP_WHOLE) return status;
  head->keep_alive = head->minor == 1;

  int hosts = 0;
  for (;;) {
    if (!next_line(&at, end, &line, &bare)) return incomplete;
    if (bare) return 400;
    if (line.length == 0) break;
    if (head->count == HTTP_HEADER_LIMIT) return 431;
    struct http_header *header = &head->headers[head->count++];
    const char *colon = memchr(line.bytes, ':', line.length);
    if (!colon) return 400;
    header->name = (struct text){line.bytes, (size_t)(colon - line.bytes)};
    header->value = trim_blanks((struct text){colon + 1, line.length - header->name.length - 1});
    if (!is_token(header->name) || !is_clean(header->value, true)) return 400;
    status = apply_header(header, head, &hosts);
    if (status != HTTP_WHOLE) return status;
  }
  if (head->chunked && head->has_length) return 400;
  if (hosts > 1 || (hosts == 0 && head->minor == 1)) return 400;
  *used = (size_t)(at - bytes);
  return HTTP_WHOLE;
}

struct text http_header(const struct http_head *head, const char *name) {
  for (size_t i = 0; i < head->count; i++) {
    if (text_is_nocase(head->headers[i].name, name)) return head->headers[i].value;
  }
  return (struct text){NULL, 0};
}

struct text http_parameter(struct text query, const char *name) {
  while (query.length > 0) {
    struct text value = text_split(&query, '&');
    if (text_is(text_split(&value, '='), name)) return value.bytes ? value : TEXT("");
  }
  return (struct text){NULL, 0};
}

static int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  c |= 0x20;
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool http_decode(struct text text, char *buffer, size_t size, size_t *length) {
  size_t put = 0;
  for (size_t i = 0; i < text.length; i++) {
    char c = text.bytes[i];
    if (c == '%') {
      if (i + 2 >= text.length) return false;
      int high = hex_digit(text.bytes[i + 1]), low = hex_digit(text.bytes[i + 2]);
      if (high < 0 || low < 0) return false;
      c = (char)(high << 4 | low);
      i += 2;
    }
    if (c == 0 || put + 1 >= size) return false;
    buffer[put++] = c;
  }
  if (size == 0) return false;
  buffer[put] = 0;
  *length = put;
  return true;
}

int http_range(struct text value, uint64_t size, uint64_t *first, uint64_t *last) {
  if (!text_starts(value, "bytes=")) return HTTP_WHOLE;
  struct text end = {value.bytes + 6, value.length - 6};
  if (!memchr(end.bytes, '-', end.length) || memchr(end.bytes, ',', end.length)) return HTTP_WHOLE;
  struct text begin = trim_blanks(text_split(&end, '-'));
  end = trim_blanks(end);
  uint64_t from = 0, to = UINT64_MAX;
  if (begin.length > 0 && !text_number(begin, UINT64_MAX, &from)) return HTTP_WHOLE;
  if (end.length > 0 && !text_number(end, UINT64_MAX, &to)) return HTTP_WHOLE;
  if (begin.length == 0) {
    if (end.length == 0) return HTTP_WHOLE;
    if (to == 0 || size == 0) return 416;
    from = to < size ? size - to : 0;
    to = size - 1;
  } else if (end.length > 0 && to < from) {
    return HTTP_WHOLE;
  }
  if (from >= size) return 416;
  *first = from;
  *last = to < size ? to : size - 1;
  return 206;
}

/* Longer lines than this, of a chunk's size with extensions or of trailers together, are refused. */
#define LINE_LIMIT 256
#define TRAILER_LIMIT 4096

enum { SIZE_FIRST, SIZE, EXTENSION, SIZE_END, DATA, DATA_CR, DATA_LF, TRAILER_START, TRAILER, TRAILER_LF, END_LF };

/* One byte of what is around the data. HTTP_WHOLE after the last one. */
static int chunk_byte(struct http_chunks *c, char byte) {
  int digit = hex_digit(byte);
  if (++c->line > (c->state >= TRAILER_START ? TRAILER_LIMIT : LINE_LIMIT)) return 400;
  switch (c->state) {
    case SIZE_FIRST:
      if (digit < 0) return 400;
      c->remaining = (uint64_t)digit;
      c->state = SIZE;
      return HTTP_MORE;
    case SIZE:
      if (digit >= 0) {
        if (c->remaining >> 56) return 413;
        c->remaining = c->remaining << 4 | (uint64_t)digit;
      } else if (byte == '\r') {
        c->state = SIZE_END;
      } else if (byte == ';' || byte == ' ' || byte == '\t') {
        c->state = EXTENSION;
      } else {
        return 400;
      }
      return HTTP_MORE;
    case EXTENSION:
      if (byte == '\n') return 400;
      if (byte == '\r') c->state = SIZE_END;
      return HTTP_MORE;
    case SIZE_END:
      c->line = 0;
      c->state = c->remaining > 0 ? DATA : TRAILER_START;
      return byte == '\n' ? HTTP_MORE : 400;
    case DATA_CR:
      c->state = DATA_LF;
      return byte == '\r' ? HTTP_MORE : 400;
    case DATA_LF:
      c->line = 0;
      c->state = SIZE_FIRST;
      return byte == '\n' ? HTTP_MORE : 400;
    case TRAILER_START:
      if (byte == '\n') return 400;
      c->state = byte == '\r' ? END_LF : TRAILER;
      return HTTP_MORE;
    case TRAILER:
      if (byte == '\n') return 400;
      if (byte == '\r') c->state = TRAILER_LF;
      return HTTP_MORE;
    case TRAILER_LF:
      c->state = TRAILER_START;
      return byte == '\n' ? HTTP_MORE : 400;
    default:
      return byte == '\n' ? HTTP_WHOLE : 400;
  }
}

int http_chunks_read(struct http_chunks *chunks, struct text in, size_t *used, char *out, size_t room, size_t *put) {
  size_t at = 0;
  int status = HTTP_MORE;
  *put = 0;
  while (at < in.length && status == HTTP_MORE) {
    if (chunks->state != DATA) {
      status = chunk_byte(chunks, in.bytes[at++]);
      continue;
    }
    size_t part = in.length - at;
    if (part > chunks->remaining) part = (size_t)chunks->remaining;
    if (part > room - *put) return 413;
    memcpy(out + *put, in.bytes + at, part);
    *put += part;
    at += part;
    chunks->remaining -= part;
    if (chunks->remaining == 0) chunks->state = DATA_CR;
  }
  *used = at;
  return status;
}
