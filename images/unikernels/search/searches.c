#include "searches.h"

#include <stdlib.h>
#include <string.h>

#include "../libos/libos.h"
#include "documents.h"
#include "parameters.h"
#include "problem.h"
#include "query.h"
#include "targets.h"

#define WINDOW_LIMIT 10000
#define SOURCE_NAMES 32
#define NAMES_BYTES 2048

/* Which members of a document's source are wanted. */
struct source_filter {
  bool none, some;
  struct text names[SOURCE_NAMES];
  size_t count;
  char bytes[NAMES_BYTES];
  size_t used;
};

struct search {
  /* In JSON, or as words; of neither everything. */
  struct json_value query;
  struct query_string words;
  uint64_t from, size;
  struct source_filter source;
  char text[QUERY_TEXT_LIMIT], field[FIELD_NAME_LIMIT + 16];
};

/* --- reading ----------------------------------------------------------------------------------------------- */

static bool add_name(struct source_filter *filter, struct text name) {
  filter->some = true;
  if (filter->count == SOURCE_NAMES || name.length > NAMES_BYTES - filter->used) {
    return refuse_argument("[_source] names at most %u fields", (uint32_t)SOURCE_NAMES);
  }
  memcpy(filter->bytes + filter->used, name.bytes, name.length);
  filter->names[filter->count++] = (struct text){filter->bytes + filter->used, name.length};
  filter->used += name.length;
  return true;
}

static bool add_json_name(struct source_filter *filter, struct json_value name) {
  char bytes[FIELD_NAME_LIMIT];
  size_t length;
  if (name.type != JSON_STRING || !json_decode(name, bytes, sizeof bytes, &length)) {
    return refuse_query("[_source] is true, false, or names of fields");
  }
  return add_name(filter, (struct text){bytes, length});
}

static bool read_source(struct json_value value, struct source_filter *filter) {
  struct json_value key, name;
  filter->none = value.type == JSON_FALSE;
  if (value.type == JSON_FALSE || value.type == JSON_TRUE) return true;
  if (value.type != JSON_ARRAY) return add_json_name(filter, value);
  for (size_t cursor = 0; json_next(value, &cursor, &key, &name);) {
    if (!add_json_name(filter, name)) return false;
  }
  return true;
}

static bool read_number(struct json_value value, const char *name, uint64_t *number) {
  return json_whole(value, 1000000, number) || refuse_query("[%s] is a number that is not negative", name);
}

static bool read_member(struct search *s, struct json_value key, struct json_value value, bool counts) {
  if (json_is(key, "query")) {
    s->query = value;
    return true;
  }
  if (!counts) {
    if (json_is(key, "from")) return read_number(value, "from", &s->from);
    if (json_is(key, "size")) return read_number(value, "size", &s->size);
    if (json_is(key, "_source")) return read_source(value, &s->source);
    if (json_is(key, "track_total_hits") || json_is(key, "timeout")) return true;
  }
  return refuse_query("unknown key [%t]: there are query%s", (struct text){key.raw.bytes + 1, key.raw.length - 2},
                counts ? "" : ", from, size, _source and track_total_hits");
}

static bool read_body(struct search *s, struct text body, bool counts) {
  size_t wrong;
  struct json_value key, value;
  if (text_trim(body).length == 0) return true;
  if (!json_check(body, &wrong)) return refuse_query("The body is no JSON from byte %u on, or too deep",
                                                     (uint32_t)wrong);
  struct json_value root = json_root(body);
  if (root.type != JSON_OBJECT) return refuse_query("The body is an object, like {\"query\": …}");
  for (size_t cursor = 0; json_next(root, &cursor, &key, &value);) {
    if (!read_member(s, key, value, counts)) return false;
  }
  return true;
}

static bool read_source_parameter(struct text query, struct source_filter *filter) {
  char bytes[NAMES_BYTES];
  struct text rest;
  if (!parameter_text(query, "_source", bytes, sizeof bytes, &rest)) return false;
  if (!rest.bytes || text_is(rest, "true")) return true;
  filter->none = text_is(rest, "false");
  while (!filter->none && rest.length > 0) {
    if (!add_name(filter, text_split(&rest, ','))) return false;
  }
  return true;
}

static bool read_parameters(struct search *s, struct text query) {
  char word[8];
  struct text operator;
  if (!parameter_text(query, "q", s->text, sizeof s->text, &s->words.text)) return false;
  if (!parameter_text(query, "df", s->field, sizeof s->field, &s->words.field)) return false;
  if (!parameter_text(query, "default_operator", word, sizeof word, &operator)) return false;
  s->words.all_words = text_is_nocase(operator, "and");
  return parameter_number(query, "from", 1000000, &s->from) && parameter_number(query, "size", 1000000, &s->size) &&
         read_source_parameter(query, &s->source);
}

static bool read_search(struct search *s, const struct http_request *request, bool counts) {
  memset(s, 0, offsetof(struct search, text));
  s->size = 10;
  if (!read_body(s, request->body, counts) || !read_parameters(s, request->head->query)) return false;
  if (s->from + s->size <= WINDOW_LIMIT) return true;
  return refuse_argument("Result window is too large, from + size must be less than or equal to: [%u] but was [%u]",
                (uint32_t)WINDOW_LIMIT, (uint32_t)(s->from + s->size));
}

/* --- finding ----------------------------------------------------------------------------------------------- */

static bool find_in(const struct index *index, const struct search *s, struct matches *found) {
  if (s->words.text.bytes) return query_string_run(index, &s->words, found);
  if (s->query.type != JSON_NONE) return query_run(index, s->query, found);
  return matches_all(index, 1, found);
}

/* Of all indices together; no document is in two of them. */
static bool find(const struct targets *targets, const struct search *s, struct matches *found) {
  *found = (struct matches){0};
  matches_begin();
  for (size_t i = 0; i < targets->count; i++) {
    struct matches more = {0};
    if (!find_in(targets->list[i], s, &more)) {
      matches_free(&more);
      return false;
    }
    if (!matches_or(found, &more)) return false;
  }
  return true;
}

/* --- answering --------------------------------------------------------------------------------------------- */

static bool is_wanted(const struct source_filter *filter, struct json_value key) {
  char name[FIELD_NAME_LIMIT];
  size_t length;
  if (!json_decode(key, name, sizeof name, &length)) return false;
  for (size_t i = 0; i < filter->count; i++) {
    if (filter->names[i].length == length && memcmp(filter->names[i].bytes, name, length) == 0) return true;
  }
  return false;
}

static void add_source(struct json *json, struct text source, const struct source_filter *filter) {
  struct json_value key, value;
  if (filter->none) return;
  json_add(json, ",\"_source\":");
  if (!filter->some) {
    json_bytes(json, source);
    return;
  }
  bool first = true;
  json_add(json, "{");
  for (size_t cursor = 0; json_next(json_root(source), &cursor, &key, &value);) {
    if (!is_wanted(filter, key)) continue;
    if (!first) json_add(json, ",");
    first = false;
    json_bytes(json, key.raw);
    json_add(json, ":");
    json_bytes(json, value.raw);
  }
  json_add(json, "}");
}

static bool add_hit(struct json *json, const struct match *match, const struct source_filter *filter) {
  static struct document document;
  static char source[LOG_VALUE_LIMIT];
  if (!documents_by_number(match->document, &document) || !documents_read_source(&document, source)) {
    return refuse(500, "exception", "A document cannot be read");
  }
  json_add(json, "{");
  add_text(json, "_index", text_of(document.index->name));
  json_add(json, ",");
  add_text(json, "_id", document.identifier);
  json_add(json, ",\"_score\":");
  add_float(json, (float)match->score);
  add_source(json, (struct text){source, document.source_length}, filter);
  json_add(json, "}");
  return true;
}

static bool add_hits(struct json *json, struct matches *found, const struct search *s) {
  size_t total = found->count, best = matches_best(found, (size_t)(s->from + s->size));
  json_add(json, "\"hits\":{\"total\":{\"value\":%u,\"relation\":\"eq\"},\"max_score\":", (uint32_t)total);
  if (best > 0) add_float(json, (float)found->items[0].score);
  else json_add(json, "null");
  json_add(json, ",\"hits\":[");
  for (size_t i = (size_t)s->from; i < best && !json->failed; i++) {
    if (i > s->from) json_add(json, ",");
    if (!add_hit(json, &found->items[i], &s->source)) return false;
  }
  json_add(json, "]}");
  return true;
}

static struct search the_search;

void answer_search(const struct client *client, struct text indices, const struct http_request *request) {
  static struct targets targets;
  struct search *s = &the_search;
  struct matches found = {0};
  struct json json = {.limit = ANSWER_LIMIT};
  uint64_t begun = solo5_clock_monotonic();
  bool good = targets_find(indices, &targets) && read_search(s, request, false) && find(&targets, s, &found);
  if (good) {
    json_add(&json, "{\"took\":%u,\"timed_out\":false,", (uint32_t)((solo5_clock_monotonic() - begun) / 1000000u));
    add_shards(&json, (uint32_t)targets.count);
    json_add(&json, ",");
    good = add_hits(&json, &found, s);
    json_add(&json, "}");
  }
  matches_free(&found);
  if (good) {
    reply(client, 200, &json);
    return;
  }
  free(json.bytes);
  reply_problem(client);
}

void answer_count(const struct client *client, struct text indices, const struct http_request *request) {
  static struct targets targets;
  struct matches found = {0};
  struct json json = {.limit = ANSWER_LIMIT};
  bool good = targets_find(indices, &targets) && read_search(&the_search, request, true) &&
      find(&targets, &the_search, &found);
  uint32_t count = (uint32_t)found.count;
  matches_free(&found);
  if (!good) {
    reply_problem(client);
    return;
  }
  json_add(&json, "{\"count\":%u,", count);
  add_shards(&json, (uint32_t)targets.count);
  json_add(&json, "}");
  reply(client, 200, &json);
}
