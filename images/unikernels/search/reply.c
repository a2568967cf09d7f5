#include "reply.h"

#include <stdlib.h>

#include "problem.h"

#include "lwip/opt.h"

static const char json_type[] = "application/json", text_type[] = "text/plain; charset=utf-8";

/* An answer that waits until a change is durable. */
struct waiter {
  struct http_connection *connection;
  uint64_t sequence;
  int status;
  const char *type;
  char *bytes;
  size_t length;
};

static struct log *store;
/* A connection waits for one answer, so there is a place for each. */
static struct waiter waiters[LIBOS_CONNECTIONS];
static size_t waiter_count;

void reply_begin(struct log *log) { store = log; }

static void send_failure(struct http_connection *connection) {
#define FAILURE "\"type\":\"cluster_block_exception\",\"reason\":\"The disk has failed\""
  static const char body[] = "{\"error\":{\"root_cause\":[{" FAILURE "}]," FAILURE "},\"status\":500}\n";
  http_respond(connection, &(struct http_response){500, json_type, NULL, body, sizeof body - 1, HTTP_STATIC});
}

static void send(const struct waiter *w) {
  if (!store->failed) {
    http_respond(w->connection, &(struct http_response){w->status, w->type, NULL, w->bytes, w->length, HTTP_OWNED});
    return;
  }
  free(w->bytes);
  send_failure(w->connection);
}

static void send_when_durable(const struct client *client, int status, const char *type, struct json *json) {
  struct waiter w = {client->connection, store->sequence, status, type, json->bytes, json->length};
  if (store->failed || w.sequence <= store->durable) send(&w);
  else waiters[waiter_count++] = w;
}

/* An answer can bring the next request of its connection, and that one more waiter: so one is taken out at a time. */
void reply_settled(void) {
  for (size_t i = 0; i < waiter_count;) {
    struct waiter w = waiters[i];
    if (!store->failed && w.sequence > store->durable) {
      i++;
      continue;
    }
    waiters[i] = waiters[--waiter_count];
    send(&w);
  }
}

void reply_gone(struct http_connection *connection) {
  for (size_t i = 0; i < waiter_count; i++) {
    if (waiters[i].connection != connection) continue;
    free(waiters[i].bytes);
    waiters[i] = waiters[--waiter_count];
    return;
  }
}

/* --- JSON -------------------------------------------------------------------------------------------------- */

void add_text(struct json *json, const char *name, struct text value) {
  json_add(json, "\"%s\":", name);
  json_string(json, value);
}

void add_problem(struct json *json) {
  add_text(json, "type", text_of(problem.type));
  json_add(json, ",");
  add_text(json, "reason", text_of(problem.reason));
  if (!problem.index[0]) return;
  json_add(json, ",\"resource.type\":\"index_or_alias\",\"index_uuid\":\"_na_\",");
  add_text(json, "resource.id", text_of(problem.index));
  json_add(json, ",");
  add_text(json, "index", text_of(problem.index));
}

/* The problem as a whole answer. */
static void add_error(struct json *json) {
  json_add(json, "{\"error\":{\"root_cause\":[{");
  add_problem(json);
  json_add(json, "}],");
  add_problem(json);
  json_add(json, "},\"status\":%d}", problem.status);
}

static void add_line(struct json *out, size_t depth) {
  json_bytes(out, TEXT("\n"));
  for (size_t i = 0; i < depth; i++) json_bytes(out, TEXT("  "));
}

static size_t string_length(const char *at) {
  const char *end = at + 1;
  for (; *end != '"'; end++) {
    if (*end == '\\') end++;
  }
  return (size_t)(end + 1 - at);
}

/* Spaces and lines as Elasticsearch has them. */
static void add_pretty(struct json *out, const struct json *in) {
  size_t depth = 0;
  bool empty = false;
  for (size_t i = 0; i < in->length && !out->failed; i++) {
    struct text c = {in->bytes + i, 1};
    char at = *c.bytes;
    if (at == ' ' || at == '\n' || at == '\r' || at == '\t') continue;
    bool closes = at == '}' || at == ']';
    if (closes) depth--;
    if (empty && closes) json_bytes(out, TEXT(" "));
    else if (empty || closes) add_line(out, depth);
    empty = at == '{' || at == '[';
    if (empty) depth++;
    if (at == '"') {
      c.length = string_length(c.bytes);
      i += c.length - 1;
    }
    if (at == ':') json_bytes(out, TEXT(" : "));
    else json_bytes(out, c);
    if (at == ',') add_line(out, depth);
  }
}

void reply(const struct client *client, int status, struct json *json) {
  if (client->pretty && !json->failed) {
    struct json pretty = {.limit = 2 * ANSWER_LIMIT};
    add_pretty(&pretty, json);
    pretty.failed |= json->failed;
    free(json->bytes);
    *json = pretty;
  }
  json_bytes(json, TEXT("\n"));
  if (json->failed) {
    free(json->bytes);
    *json = (struct json){.limit = ANSWER_LIMIT};
    status = 429;
    refuse(429, "circuit_breaking_exception",
           "The answer has more than %u bytes, or there is no memory for it: ask for less at once",
           (uint32_t)ANSWER_LIMIT);
    add_error(json);
    json_bytes(json, TEXT("\n"));
  }
  send_when_durable(client, status, json_type, json);
}

void reply_text(const struct client *client, int status, struct json *text) {
  send_when_durable(client, status, text_type, text);
}

void reply_status(const struct client *client, int status) {
  struct json none = {0};
  send_when_durable(client, status, NULL, &none);
}

void reply_problem(const struct client *client) {
  struct json json = {.limit = ANSWER_LIMIT};
  add_error(&json);
  reply(client, problem.status, &json);
}

void reply_refused(struct http_connection *connection, int status) {
  switch (status) {
    case 413:
      refuse(413, "illegal_argument_exception", "A request has at most %u bytes: send less at once",
             (uint32_t)BODY_LIMIT);
      break;
    case 503: refuse(429, "es_rejected_execution_exception", "No memory for more requests at once: try again"); break;
    default: refuse(status, "illegal_argument_exception",
                    "This is no HTTP that is understood, or was not whole in time");
  }
  struct json json = {.limit = ANSWER_LIMIT};
  add_error(&json);
  if (json.failed) json.length = 0;
  http_respond(connection,
               &(struct http_response){problem.status, json_type, NULL, json.bytes, json.length, HTTP_OWNED});
}

void reply_acknowledged(const struct client *client) {
  struct json json = {.limit = ANSWER_LIMIT};
  json_add(&json, "{\"acknowledged\":true}");
  reply(client, 200, &json);
}

void add_shards(struct json *json, uint32_t count) {
  json_add(json, "\"_shards\":{\"total\":%u,\"successful\":%u,\"skipped\":0,\"failed\":0}", count, count);
}

/* --- numbers ------------------------------------------------------------------------------------------------ */

static double power_of_ten(int exponent) {
  double power = 1;
  for (int i = exponent < 0 ? -exponent : exponent; i > 0; i--) power *= 10;
  return exponent < 0 ? 1 / power : power;
}

/* Digits and the power of ten of the first one. */
static uint64_t shortest(double value, int *exponent, int *count) {
  *exponent = 0;
  while (value >= power_of_ten(*exponent + 1)) ++*exponent;
  while (value < power_of_ten(*exponent)) --*exponent;
  for (*count = 1;; ++*count) {
    int scale = *count - 1 - *exponent;
    double factor = power_of_ten(scale < 0 ? -scale : scale);
    uint64_t digits = (uint64_t)((scale < 0 ? value / factor : value * factor) + 0.5);
    double back = scale < 0 ? (double)digits * factor : (double)digits / factor;
    if (*count == 9 || (float)back == (float)value) return digits;
  }
}

void add_float(struct json *json, float number) {
  char digits[24];
  int exponent, count;
  if (!(number > 1e-30f) || number > 1e30f) {
    json_add(json, number > 1e30f ? "1.0E30" : "0.0");
    return;
  }
  uint64_t value = shortest(number, &exponent, &count);
  size_t length = format(digits, sizeof digits, "%U", value);
  /* Rounded up to one digit more, as 9.99 to 10.0. */
  if (length > (size_t)count) exponent++;
  while (length > 1 && digits[length - 1] == '0') length--;
  if (exponent < -3 || exponent > 6) {
    struct text rest = length > 1 ? (struct text){digits + 1, length - 1} : TEXT("0");
    json_add(json, "%c.%tE%d", digits[0], rest, exponent);
    return;
  }
  if (exponent < 0) json_add(json, "0.");
  for (int i = exponent; i < -1; i++) json_add(json, "0");
  for (int i = 0; i < (int)length || i <= exponent; i++) {
    json_add(json, "%c", i < (int)length ? digits[i] : '0');
    if (i == exponent) json_add(json, (int)length > i + 1 ? "." : ".0");
  }
}
