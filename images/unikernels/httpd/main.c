/*
 * Serves files over HTTP: those given at the start under /www, else the module's own. Options: --port=80.
 */
#include <string.h>

#include "../http/server.h"
#include "../include/manifest.h"
#include "../libos/libos.h"

SOLO5_MANIFEST(SOLO5_NET("service"));

#define PATH_LIMIT 256

static char served_by[128];

static const char *type_of(const char *path) {
  static const char *const types[][2] = {
      {".html", "text/html; charset=utf-8"},
      {".css", "text/css; charset=utf-8"},
      {".js", "text/javascript; charset=utf-8"},
      {".json", "application/json"},
      {".txt", "text/plain; charset=utf-8"},
      {".svg", "image/svg+xml"},
      {".png", "image/png"},
      {".jpg", "image/jpeg"},
      {".ico", "image/x-icon"},
      {".wasm", "application/wasm"},
  };
  const char *dot = strrchr(path, '.');
  for (size_t i = 0; dot && i < sizeof types / sizeof types[0]; i++) {
    if (strcmp(dot, types[i][0]) == 0) return types[i][1];
  }
  return "application/octet-stream";
}

/* The file of a request's path. What leads out of /www is found nowhere, for names are looked up, not walked. */
static const struct file *find(struct text path) {
  char name[PATH_LIMIT] = "/www";
  size_t length;
  if (!http_decode(path, name + 4, sizeof name - 4 - sizeof "index.html", &length)) return NULL;
  if (name[4 + length - 1] == '/') strcpy(name + 4 + length, "index.html");
  return file_find(name);
}

/* If-None-Match is a list of tags, or "*". */
static bool has_tag(struct text list, const char *tag) {
  while (list.length > 0) {
    struct text one = text_trim(text_split(&list, ','));
    if (text_starts(one, "W/")) one.bytes += 2, one.length -= 2;
    if (text_is(one, "*") || text_is(one, tag)) return true;
  }
  return false;
}

static void send_file(struct http_connection *connection, const struct http_head *head, const struct file *file) {
  char headers[320];
  uint64_t first = 0, last = 0;
  struct text range = http_header(head, "range"), condition = http_header(head, "if-range");
  int status = 200;
  if (range.bytes && (!condition.bytes || text_is(condition, file->tag))) {
    int partial = http_range(range, file->size, &first, &last);
    if (partial != HTTP_WHOLE) status = partial;
  }
  size_t at = format(headers, sizeof headers, "%sETag: %s\r\nAccept-Ranges: bytes\r\n", served_by, file->tag);
  struct http_response response = {status, type_of(file->path), headers, file->bytes, file->size, HTTP_STATIC};
  if (has_tag(http_header(head, "if-none-match"), file->tag)) {
    response.status = 304;
  } else if (status == 206) {
    response.body = file->bytes + first;
    response.length = (size_t)(last - first + 1);
    format(headers + at, sizeof headers - at, "Content-Range: bytes %U-%U/%u\r\n", first, last, (uint32_t)file->size);
  } else if (status == 416) {
    response.length = 0;
    format(headers + at, sizeof headers - at, "Content-Range: bytes */%u\r\n", (uint32_t)file->size);
  }
  http_respond(connection, &response);
}

static void handle(struct http_connection *connection, const struct http_request *request) {
  const struct http_head *head = request->head;
  if (!text_is(head->method, "GET") && !text_is(head->method, "HEAD")) {
    char headers[192];
    format(headers, sizeof headers, "%sAllow: GET, HEAD\r\n", served_by);
    http_respond(connection, &(struct http_response){405, NULL, headers, NULL, 0, HTTP_STATIC});
    return;
  }
  const struct file *file = find(head->path);
  if (file) {
    send_file(connection, head, file);
    return;
  }
  static const char missing[] = "There is no such file\n";
  http_respond(connection, &(struct http_response){404, "text/plain; charset=utf-8", served_by, missing,
                                                    sizeof missing - 1, HTTP_STATIC});
}

int program_start(void) {
  static struct http_server server = {.handle = handle, .body_limit = 64 * 1024};
  server.port = (uint16_t)option_number("port", 80, 65535);
  format(served_by, sizeof served_by, "X-Served-By: %s\r\n", instance_name());
  network_start("service");
  http_serve(&server);
  say("Serving files on port %u", server.port);
  return 0;
}
