#include "routes.h"

#include <stdlib.h>
#include <string.h>

#include "bulk.h"
#include "documents.h"
#include "info.h"
#include "jobs.h"
#include "parameters.h"
#include "problem.h"
#include "searches.h"
#include "targets.h"

#define SEGMENTS 3

struct call {
  struct client client;
  const struct http_request *request;
  /* What stands for "*" in the pattern. */
  struct text index, identifier;
};

struct route {
  const char *methods, *pattern;
  void (*answer)(const struct call *call);
};

static struct log *store;

void routes_begin(struct log *log) { store = log; }

static void add_job(const struct call *call, struct job_request request) {
  request.client = call->client;
  request.index = call->index;
  if (!jobs_add(&request)) {
    reply_problem(&call->client);
    return;
  }
  jobs_run();
}

/* --- documents --------------------------------------------------------------------------------------------- */

static void put(const struct call *call, bool fresh) {
  struct text body = text_trim(call->request->body);
  if (body.length == 0) {
    refuse(400, "parse_exception", "request body is required");
    reply_problem(&call->client);
    return;
  }
  add_job(call, (struct job_request){.kind = JOB_PUT, .identifier = call->identifier, .body = body, .fresh = fresh});
}

static void on_put(const struct call *call) {
  put(call, text_is(http_parameter(call->request->head->query, "op_type"), "create"));
}
static void on_create(const struct call *call) { put(call, true); }
static void on_delete(const struct call *call) {
  add_job(call, (struct job_request){.kind = JOB_DELETE, .identifier = call->identifier});
}

static struct document document;

static bool find_document(const struct call *call) {
  struct index *index = catalog_find(call->index);
  if (!index) {
    refuse_no_index(call->index);
    reply_problem(&call->client);
    return false;
  }
  if (documents_find(index, call->identifier, &document)) return true;
  struct json json = {.limit = ANSWER_LIMIT};
  json_add(&json, "{");
  add_text(&json, "_index", call->index);
  json_add(&json, ",");
  add_text(&json, "_id", call->identifier);
  json_add(&json, ",\"found\":false}");
  reply(&call->client, 404, &json);
  return false;
}

static void add_source(struct json *json) {
  static char source[LOG_VALUE_LIMIT];
  if (documents_read_source(&document, source)) json_bytes(json, (struct text){source, document.source_length});
  else json->failed = true;
}

static void on_get(const struct call *call) {
  struct json json = {.limit = ANSWER_LIMIT};
  if (!find_document(call)) return;
  json_add(&json, "{");
  add_text(&json, "_index", call->index);
  json_add(&json, ",");
  add_text(&json, "_id", call->identifier);
  json_add(&json, ",\"_version\":%u,\"_seq_no\":%U,\"_primary_term\":1,\"found\":true,\"_source\":", document.version,
           document.seq_no);
  add_source(&json);
  json_add(&json, "}");
  reply(&call->client, 200, &json);
}

static void on_source(const struct call *call) {
  struct json json = {.limit = ANSWER_LIMIT};
  if (!find_document(call)) return;
  add_source(&json);
  reply(&call->client, 200, &json);
}

static void on_bulk(const struct call *call) {
  struct text body = call->request->body;
  if (bulk_check(body, call->index)) add_job(call, (struct job_request){.kind = JOB_BULK, .body = body});
  else reply_problem(&call->client);
}

/* --- indices ----------------------------------------------------------------------------------------------- */

static void on_create_index(const struct call *call) {
  add_job(call, (struct job_request){.kind = JOB_CREATE_INDEX, .body = text_trim(call->request->body)});
}

static void on_delete_index(const struct call *call) { add_job(call, (struct job_request){.kind = JOB_DELETE_INDEX}); }

static void on_index(const struct call *call) {
  if (text_is(call->request->head->method, "HEAD")) reply_status(&call->client, catalog_find(call->index) ? 200 : 404);
  else answer_indices(&call->client, call->index, false);
}

static void on_mapping(const struct call *call) { answer_indices(&call->client, call->index, true); }

/* Everything is found as soon as it is there. */
static void on_refresh(const struct call *call) {
  static struct targets targets;
  struct json json = {.limit = ANSWER_LIMIT};
  if (!targets_find(call->index, &targets)) {
    reply_problem(&call->client);
    return;
  }
  json_add(&json, "{");
  add_shards(&json, (uint32_t)targets.count);
  json_add(&json, "}");
  reply(&call->client, 200, &json);
}

/* --- the rest ---------------------------------------------------------------------------------------------- */

static void on_search(const struct call *call) { answer_search(&call->client, call->index, call->request); }
static void on_count(const struct call *call) { answer_count(&call->client, call->index, call->request); }
static void on_banner(const struct call *call) { answer_banner(&call->client); }
static void on_health(const struct call *call) { answer_health(&call->client, store); }
static void on_cat(const struct call *call) {
  answer_cat(&call->client, store, parameter_is_set(call->request->head->query, "v"));
}

static const struct route routes[] = {
    {"GET HEAD", "", on_banner},
    {"GET", "_cluster/health", on_health},
    {"GET", "_cat/indices", on_cat},
    {"POST PUT", "_bulk", on_bulk},
    {"POST PUT", "*/_bulk", on_bulk},
    {"GET POST", "_search", on_search},
    {"GET POST", "*/_search", on_search},
    {"GET POST", "_count", on_count},
    {"GET POST", "*/_count", on_count},
    {"POST GET", "_refresh", on_refresh},
    {"POST GET", "*/_refresh", on_refresh},
    {"GET", "_mapping", on_mapping},
    {"GET", "*/_mapping", on_mapping},
    {"GET HEAD", "*", on_index},
    {"PUT", "*", on_create_index},
    {"DELETE", "*", on_delete_index},
    {"POST", "*/_doc", on_put},
    {"PUT POST", "*/_doc/*", on_put},
    {"GET HEAD", "*/_doc/*", on_get},
    {"DELETE", "*/_doc/*", on_delete},
    {"PUT POST", "*/_create/*", on_create},
    {"GET HEAD", "*/_source/*", on_source},
};

/* What was decoded of a path. */
struct path {
  struct text segments[SEGMENTS];
  size_t count;
  char bytes[HTTP_HEAD_LIMIT + SEGMENTS];
};

static bool read_path(struct text rest, struct path *path) {
  size_t used = 0;
  path->count = 0;
  rest.bytes++, rest.length--;
  while (rest.length > 0) {
    size_t length;
    struct text segment = text_split(&rest, '/');
    if (segment.length == 0) continue;
    if (path->count == SEGMENTS) return false;
    if (!http_decode(segment, path->bytes + used, sizeof path->bytes - used, &length)) return false;
    struct text decoded = {path->bytes + used, length};
    if (length == 0 || !text_is_clean(decoded)) return false;
    path->segments[path->count++] = decoded;
    used += length + 1;
  }
  return true;
}

static bool fits(const struct path *path, const char *pattern, struct call *call) {
  struct text rest = text_of(pattern);
  size_t i = 0;
  call->index = call->identifier = (struct text){NULL, 0};
  for (; rest.length > 0; i++) {
    struct text part = text_split(&rest, '/');
    if (i == path->count) return false;
    struct text segment = path->segments[i];
    if (!text_is(part, "*")) {
      if (segment.length != part.length || memcmp(segment.bytes, part.bytes, part.length) != 0) return false;
    } else if (i > 0) {
      call->identifier = segment;
    } else if (segment.bytes[0] == '_' && !text_is(segment, "_all")) {
      return false;
    } else {
      call->index = segment;
    }
  }
  return i == path->count;
}

static bool has_word(const char *words, struct text word) {
  struct text rest = text_of(words);
  while (rest.length > 0) {
    struct text each = text_split(&rest, ' ');
    if (each.length == word.length && memcmp(each.bytes, word.bytes, word.length) == 0) return true;
  }
  return false;
}

/* In Elasticsearch's words for these two, which are no objects. */
static void reply_no_route(const struct call *call, const char *allowed) {
  const struct http_head *head = call->request->head;
  struct json json = {.limit = ANSWER_LIMIT};
  struct text path = {head->path.bytes, head->path.length < 256 ? head->path.length : 256};
  char reason[512];
  const char *pattern = allowed ? "Incorrect HTTP method for uri [%t] and method [%t], allowed: [%s]"
                                : "no handler found for uri [%t] and method [%t]";
  format(reason, sizeof reason, pattern, path, head->method, allowed);
  json_add(&json, "{");
  add_text(&json, "error", text_is_clean(text_of(reason)) ? text_of(reason) : TEXT("no handler found for this uri"));
  json_add(&json, ",\"status\":%d}", allowed ? 405 : 400);
  reply(&call->client, allowed ? 405 : 400, &json);
}

void routes_handle(struct http_connection *connection, const struct http_request *request) {
  static struct path path;
  const struct http_head *head = request->head;
  struct call call = {.client = {connection, parameter_is_set(head->query, "pretty")}, .request = request};
  const char *allowed = NULL;
  bool readable = head->path.bytes[0] == '/' && read_path(head->path, &path);
  for (size_t i = 0; readable && i < sizeof routes / sizeof routes[0]; i++) {
    if (!fits(&path, routes[i].pattern, &call)) continue;
    if (has_word(routes[i].methods, head->method)) {
      routes[i].answer(&call);
      return;
    }
    allowed = routes[i].methods;
  }
  reply_no_route(&call, allowed);
}
