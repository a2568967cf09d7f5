/*
 * A key-value store over HTTP, on the block device "data". Options: --port=80.
 *
 *   PUT /KEY      201 or 204 once it is durable        GET /KEY     the value
 *   DELETE /KEY   204 once it is durable               GET /        {"keys":[…],"more":false}, sorted;
 *                                                                   ?prefix=, ?after=, ?limit= (1 to 1000)
 */
#include <stdlib.h>
#include <string.h>

#include "../http/json.h"
#include "../http/server.h"
#include "../include/manifest.h"
#include "../libos/libos.h"
#include "../store/device.h"

#include "lwip/opt.h"

SOLO5_MANIFEST(SOLO5_NET("service") "," SOLO5_BLOCK("data"));

#define LIST_LIMIT 1000

/* An answer that waits until a change is durable. */
struct waiter {
  struct http_connection *connection;
  uint64_t sequence;
  int status;
  void *value;
  size_t length;
};

static struct log *store;
static struct waiter waiters[LIBOS_CONNECTIONS];
static size_t waiter_count;

static void answer(const struct waiter *w) {
  const char *type = w->value ? "application/octet-stream" : NULL;
  http_respond(w->connection, &(struct http_response){w->status, type, NULL, w->value, w->length, HTTP_OWNED});
}

static void answer_failed(struct http_connection *connection) {
  http_respond_text(connection, 500, "The disk has failed");
}

/* An answer can bring the next request of its connection, and that one more waiter: so one is taken out at a time. */
static void settled(struct log *log) {
  (void)log;
  for (size_t i = 0; i < waiter_count;) {
    struct waiter w = waiters[i];
    if (!store->failed && w.sequence > store->durable) {
      i++;
      continue;
    }
    waiters[i] = waiters[--waiter_count];
    if (store->failed) {
      free(w.value);
      answer_failed(w.connection);
    } else {
      answer(&w);
    }
  }
}

static void gone(struct http_connection *connection) {
  for (size_t i = 0; i < waiter_count; i++) {
    if (waiters[i].connection != connection) continue;
    free(waiters[i].value);
    waiters[i] = waiters[--waiter_count];
    return;
  }
}

/* Answers when that change is durable: a connection waits for one answer, so there is a place for each. */
static void answer_when_durable(struct waiter waiter) {
  if (waiter.sequence <= store->durable) answer(&waiter);
  else waiters[waiter_count++] = waiter;
}

static void answer_status(struct http_connection *connection, enum log_status status) {
  switch (status) {
    case LOG_NOT_FOUND: http_respond_text(connection, 404, "There is no such key"); break;
    case LOG_FULL: http_respond_text(connection, 507, "The disk is full"); break;
    case LOG_BUSY: http_respond_text(connection, 503, "The disk is being tidied up, try again"); break;
    default: answer_failed(connection);
  }
}

static void get(struct http_connection *connection, struct text key) {
  struct log_found found;
  enum log_status status = log_find(store, key, &found);
  if (status != LOG_OK) {
    answer_status(connection, status);
    return;
  }
  void *value = malloc(found.value_length + 1);
  if (!value || !log_read_value(store, &found, 0, value, found.value_length)) {
    free(value);
    answer_failed(connection);
    return;
  }
  /* What is not durable may be gone after a restart, and nobody should have seen it then. */
  answer_when_durable((struct waiter){connection, found.sequence, 200, value, found.value_length});
}

static void put(struct http_connection *connection, struct text key, struct text value) {
  struct log_found found;
  bool exists = log_find(store, key, &found) == LOG_OK;
  enum log_status status = log_put(store, key, value);
  if (status != LOG_OK) answer_status(connection, status);
  else answer_when_durable((struct waiter){connection, store->sequence, exists ? 204 : 201, NULL, 0});
}

static void remove_key(struct http_connection *connection, struct text key) {
  enum log_status status = log_delete(store, key);
  if (status != LOG_OK) answer_status(connection, status);
  else answer_when_durable((struct waiter){connection, store->sequence, 204, NULL, 0});
}

/* --- the list of keys -------------------------------------------------------------------------------- */

struct listing {
  struct text prefix, after;
  struct text keys[LIST_LIMIT];
  size_t count, limit;
  bool more, failed;
};

static int compare(struct text a, struct text b) {
  int order = memcmp(a.bytes, b.bytes, a.length < b.length ? a.length : b.length);
  return order ? order : (a.length > b.length) - (a.length < b.length);
}

/* Keeps the smallest keys, sorted. */
static bool visit(void *context, struct text key, const struct log_found *found) {
  struct listing *list = context;
  (void)found;
  if (key.length < list->prefix.length || memcmp(key.bytes, list->prefix.bytes, list->prefix.length)) return true;
  if (list->after.length > 0 && compare(key, list->after) <= 0) return true;
  size_t low = 0, high = list->count;
  while (low < high) {
    size_t middle = (low + high) / 2;
    if (compare(list->keys[middle], key) < 0) low = middle + 1;
    else high = middle;
  }
  if (list->count == list->limit) {
    list->more = true;
    if (low == list->count) return true;
    free((char *)list->keys[--list->count].bytes);
  }
  char *copy = malloc(key.length);
  if (!copy) {
    list->failed = true;
    return false;
  }
  memcpy(copy, key.bytes, key.length);
  memmove(&list->keys[low + 1], &list->keys[low], (list->count++ - low) * sizeof list->keys[0]);
  list->keys[low] = (struct text){copy, key.length};
  return true;
}

static void send_list(struct http_connection *connection, const struct listing *list) {
  struct json json = {.limit = 2 * 1024 * 1024};
  json_add(&json, "{\"keys\":[");
  for (size_t i = 0; i < list->count; i++) {
    if (i > 0) json_add(&json, ",");
    json_string(&json, list->keys[i]);
  }
  json_add(&json, "],\"more\":%s}\n", list->more ? "true" : "false");
  if (json.failed || list->failed) {
    free(json.bytes);
    http_respond_text(connection, 503, "There is no memory for the list: ask for fewer keys by ?limit=");
    return;
  }
  http_respond(connection, &(struct http_response){200, "application/json", NULL, json.bytes, json.length, HTTP_OWNED});
}

static void list_keys(struct http_connection *connection, struct text query) {
  static struct listing list;
  char prefix[LOG_KEY_LIMIT + 1], after[LOG_KEY_LIMIT + 1];
  uint64_t limit = LIST_LIMIT;
  struct text limit_text = http_parameter(query, "limit");
  list = (struct listing){.prefix = {prefix, 0}, .after = {after, 0}};
  if (!http_decode(http_parameter(query, "prefix"), prefix, sizeof prefix, &list.prefix.length) ||
      !http_decode(http_parameter(query, "after"), after, sizeof after, &list.after.length) ||
      (limit_text.bytes && (!text_number(limit_text, LIST_LIMIT, &limit) || limit == 0))) {
    http_respond_text(connection, 400, "prefix and after are keys, limit is a number from 1 to 1000");
    return;
  }
  list.limit = (size_t)limit;
  log_each(store, visit, &list);
  if (store->failed) answer_failed(connection);
  else send_list(connection, &list);
  for (size_t i = 0; i < list.count; i++) free((char *)list.keys[i].bytes);
}

static void handle(struct http_connection *connection, const struct http_request *request) {
  const struct http_head *head = request->head;
  char name[LOG_KEY_LIMIT + 1];
  struct text key = {name, 0}, path = {head->path.bytes + 1, head->path.length - 1};
  bool reads = text_is(head->method, "GET") || text_is(head->method, "HEAD");
  bool known = reads || text_is(head->method, "PUT") || text_is(head->method, "DELETE");
  if (head->path.bytes[0] != '/' || !http_decode(path, name, sizeof name, &key.length) || !text_is_clean(key)) {
    http_respond_text(connection, 400, "A key is 1 to 512 bytes of UTF-8 without control characters");
  } else if (!known || (key.length == 0 && !reads)) {
    const char *allow = key.length == 0 ? "Allow: GET, HEAD\r\n" : "Allow: GET, HEAD, PUT, DELETE\r\n";
    http_respond(connection, &(struct http_response){405, NULL, allow, NULL, 0, HTTP_STATIC});
  } else if (key.length == 0) {
    list_keys(connection, head->query);
  } else if (reads) {
    get(connection, key);
  } else if (text_is(head->method, "PUT")) {
    put(connection, key, request->body);
  } else {
    remove_key(connection, key);
  }
}

/* On the network only now: who asks earlier asks again. */
static void serve(struct log *log) {
  static struct http_server server = {.handle = handle, .body_limit = LOG_VALUE_LIMIT, .gone = gone};
  server.port = (uint16_t)option_number("port", 80, 65535);
  store = log;
  network_start("service");
  http_serve(&server);
  say("%u keys, %U of %U bytes used; serving them on port %u", (uint32_t)store->count, store->live_bytes,
      log_capacity(store), server.port);
}

int program_start(void) {
  store_open("data", serve, settled);
  return 0;
}
