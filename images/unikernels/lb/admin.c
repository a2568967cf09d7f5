#include "admin.h"

#include <string.h>

#include "../http/json.h"
#include "../http/server.h"
#include "relay.h"

static const char *state_of(const struct backend *backend) {
  if (backend->draining) return backend->removing ? "removing" : "draining";
  return backend->up ? "up" : "down";
}

static void add_backend(struct json *json, const struct backend *b) {
  json_add(json, "{\"address\":\"%i:%u\",\"state\":\"%s\",\"active\":%u,\"connections\":%U,\"failed\":%U,", b->address,
           (uint32_t)b->port, state_of(b), b->active, b->connections, b->failed);
  json_add(json, "\"bytesSent\":%U,\"bytesReceived\":%U}", b->sent, b->received);
}

static void send_stats(struct http_connection *connection) {
  struct json json = {.limit = 64 * 1024};
  const struct relay_counters *c = &relay_counters;
  json_add(&json, "{\"algorithm\":\"%s\",\"active\":%u,\"accepted\":%U,\"refused\":%U,\"retried\":%U,\"reset\":%U,",
           pool_algorithm_name(pool.algorithm), c->active, c->accepted, c->refused, c->retried, c->reset);
  json_add(&json, "\"backends\":[");
  bool first = true;
  for (size_t i = 0; i < MAX_BACKENDS; i++) {
    if (!pool.backends[i].used) continue;
    if (!first) json_add(&json, ",");
    add_backend(&json, &pool.backends[i]);
    first = false;
  }
  json_add(&json, "]}\n");
  http_respond(connection, &(struct http_response){200, "application/json", NULL, json.bytes, json.length, HTTP_OWNED});
}

static void answer_empty(struct http_connection *connection, int status) {
  http_respond(connection, &(struct http_response){status, NULL, NULL, NULL, 0, HTTP_STATIC});
}

static void change_backend(struct http_connection *connection, struct text method, struct text rest) {
  uint32_t address;
  uint16_t port;
  struct text name = text_split(&rest, '/');
  if (!pool_parse_address(name, &address, &port)) {
    http_respond_text(connection, 400, "A backend is an address and a port, like 10.0.0.3:80");
    return;
  }
  struct backend *backend = pool_find(address, port);
  if (text_is(method, "PUT") && rest.length == 0) {
    bool added = pool_add(address, port);
    if (!added) http_respond_text(connection, 507, "There are too many backends");
    else answer_empty(connection, backend ? 204 : 201);
  } else if (!backend) {
    http_respond_text(connection, 404, "There is no such backend");
  } else if (text_is(method, "DELETE") && rest.length == 0) {
    pool_remove(backend);
    answer_empty(connection, 204);
  } else if (text_is(method, "POST") && text_is(rest, "drain")) {
    backend->draining = true;
    answer_empty(connection, 204);
  } else {
    http_respond_text(connection, 405, "PUT adds, DELETE removes, POST to its /drain drains a backend");
  }
}

static void change_algorithm(struct http_connection *connection, struct text body) {
  char name[32];
  struct text word = text_trim(body);
  format(name, sizeof name, "%t", word);
  if (pool_parse_algorithm(name, &pool.algorithm)) answer_empty(connection, 204);
  else http_respond_text(connection, 400, "The algorithms are round-robin, least-connections and source-hash");
}

static void handle(struct http_connection *connection, const struct http_request *request) {
  const struct http_head *head = request->head;
  struct text path = head->path;
  bool reads = text_is(head->method, "GET") || text_is(head->method, "HEAD");
  if (reads && text_is(path, "/stats")) {
    send_stats(connection);
  } else if (text_is(head->method, "PUT") && text_is(path, "/algorithm")) {
    change_algorithm(connection, request->body);
  } else if (text_starts(path, "/backends/")) {
    size_t prefix = strlen("/backends/");
    change_backend(connection, head->method, (struct text){path.bytes + prefix, path.length - prefix});
  } else {
    http_respond_text(connection, 404, "There are /stats, /algorithm and /backends/ADDRESS:PORT");
  }
}

void admin_serve(uint16_t port) {
  static struct http_server server = {.handle = handle, .body_limit = 1024};
  server.port = port;
  http_serve(&server);
}
