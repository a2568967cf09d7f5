/* Reads requests from standard input and says how each is understood: one on a line, its bytes in hex. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../http/date.h"
#include "../http/parse.h"

#define MAX_BYTES 65536

static size_t read_hex(const char *line, char *bytes) {
  size_t length = 0;
  unsigned value;
  for (; length < MAX_BYTES && sscanf(line, "%2x", &value) == 1; line += 2) bytes[length++] = (char)value;
  return length;
}

static void print_text(const char *name, struct text text) { printf(" %s=%.*s", name, (int)text.length, text.bytes); }

/* The bytes in a buffer of just their size, so that the compiler's checks see every read beyond it. */
static void parse_request(const char *bytes, size_t length) {
  static struct http_head head;
  char *exact = malloc(length ? length : 1);
  size_t used = 0;
  memcpy(exact, bytes, length);
  int status = http_parse_head(exact, length, &head, &used);
  printf("%d", status);
  if (status == HTTP_WHOLE) {
    print_text("method", head.method);
    print_text("path", head.path);
    print_text("query", head.query);
    printf(" used=%zu minor=%d headers=%zu length=%llu chunked=%d keep=%d expects=%d", used, head.minor, head.count,
           (unsigned long long)head.content_length, head.chunked, head.keep_alive, head.expects_continue);
    char decoded[64];
    size_t decoded_length;
    if (http_decode(head.path, decoded, sizeof decoded, &decoded_length)) printf(" decoded=%s", decoded);
    uint64_t first, last;
    struct text range = http_header(&head, "range");
    if (range.bytes) {
      int partial = http_range(range, 1000, &first, &last);
      printf(" range=%d", partial);
      if (partial == 206) printf(":%llu-%llu", (unsigned long long)first, (unsigned long long)last);
    }
  }
  printf("\n");
  free(exact);
}

/* A chunked body, fed in pieces of `step` bytes. */
static void parse_chunks(const char *bytes, size_t length, size_t step, size_t room) {
  struct http_chunks chunks = {0, 0, 0};
  char *out = malloc(room + 1);
  size_t total = 0, at = 0;
  int status = HTTP_MORE;
  while (status == HTTP_MORE && at < length) {
    size_t part = length - at < step ? length - at : step, used, put;
    char *exact = malloc(part);
    memcpy(exact, bytes + at, part);
    status = http_chunks_read(&chunks, (struct text){exact, part}, &used, out + total, room - total, &put);
    total += put;
    if (status < 400) at += used;
    free(exact);
  }
  printf("%d used=%zu body=%.*s\n", status, at, (int)total, out);
  free(out);
}

int main(int argc, char **argv) {
  static char line[2 * MAX_BYTES + 16], bytes[MAX_BYTES];
  const char *what = argc > 1 ? argv[1] : "request";
  while (fgets(line, sizeof line, stdin)) {
    size_t length = read_hex(line, bytes);
    if (strcmp(what, "chunks") == 0) {
      parse_chunks(bytes, length, argc > 2 ? (size_t)atoi(argv[2]) : length, 16);
    } else if (strcmp(what, "date") == 0) {
      char date[HTTP_DATE_SIZE];
      http_date(strtoull(line, NULL, 10), date);
      printf("%s\n", date);
    } else {
      parse_request(bytes, length);
    }
  }
  return 0;
}
