#include "query.h"

#include <string.h>

#include "clauses.h"
#include "problem.h"

#define FIELDS_LIMIT 32

struct query_kind {
  const char *name;
  bool (*run)(const struct index *index, struct json_value body, struct matches *found);
};

/* One query at a time is read, and its texts are used up before the next one is. */
static char field_bytes[FIELD_NAME_LIMIT + 16], text_bytes[QUERY_TEXT_LIMIT];

static struct text raw(struct json_value value) {
  bool string = value.type == JSON_STRING;
  return string ? (struct text){value.raw.bytes + 1, value.raw.length - 2} : value.raw;
}

static bool read_text(struct json_value value, char *buffer, size_t size, struct text *text) {
  if (value.type == JSON_ARRAY || value.type == JSON_OBJECT || value.type == JSON_NULL) {
    return refuse_query("A text, a number, true or false was expected, and not what begins as [%t]",
                  (struct text){value.raw.bytes, value.raw.length < 40 ? value.raw.length : 40});
  }
  *text = value.raw;
  if (value.type != JSON_STRING) return true;
  text->bytes = buffer;
  return json_decode(value, buffer, size, &text->length) ||
         refuse_query("A text of a query has at most %u bytes", (uint32_t)size);
}

static bool not_supported(const char *query, struct json_value key) {
  return refuse_query("[%s] query does not support [%t]", query, raw(key));
}

static bool read_boost(struct json_value value, double *boost) {
  if (value.type == JSON_NUMBER) *boost = json_double(value);
  return (value.type == JSON_NUMBER && *boost >= 0 && *boost <= 1e6) ||
      refuse_query("[boost] is a number from 0 to 1000000");
}

static bool read_operator(struct json_value value, bool *all) {
  *all = json_is(value, "and") || json_is(value, "AND");
  return *all || json_is(value, "or") || json_is(value, "OR") || refuse_query("[operator] is and, or or");
}

/* The one member that an object has. */
static bool only_member(const char *query, struct json_value object, struct json_value *key, struct json_value *value) {
  size_t cursor = 0;
  struct json_value more, other;
  bool has = object.type == JSON_OBJECT && json_next(object, &cursor, key, value);
  if (has && !json_next(object, &cursor, &more, &other)) return true;
  return refuse_query("[%s] query wants an object with one member", query);
}

/* --- queries without fields ------------------------------------------------------------------------------- */

static bool run_match_all(const struct index *index, struct json_value body, struct matches *found) {
  double boost = 1;
  size_t cursor = 0;
  struct json_value key, value;
  if (body.type != JSON_OBJECT) return refuse_query("[match_all] query wants an object");
  while (json_next(body, &cursor, &key, &value)) {
    if (!json_is(key, "boost")) return not_supported("match_all", key);
    if (!read_boost(value, &boost)) return false;
  }
  return matches_all(index, boost, found);
}

static bool run_match_none(const struct index *index, struct json_value body, struct matches *found) {
  (void)index, (void)body, (void)found;
  return true;
}

static bool run_query_string(const struct index *index, struct json_value body, struct matches *found) {
  struct query_string q = {{NULL, 0}, {NULL, 0}, false};
  size_t cursor = 0;
  struct json_value key, value;
  if (body.type != JSON_OBJECT) return refuse_query("[query_string] query wants an object");
  while (json_next(body, &cursor, &key, &value)) {
    bool good = false;
    if (json_is(key, "query")) good = read_text(value, text_bytes, sizeof text_bytes, &q.text);
    else if (json_is(key, "default_field")) good = read_text(value, field_bytes, sizeof field_bytes, &q.field);
    else if (json_is(key, "default_operator")) good = read_operator(value, &q.all_words);
    else not_supported("query_string", key);
    if (!good) return false;
  }
  if (!q.text.bytes) return refuse_query("[query_string] must be provided with a [query]");
  if (text_is(q.field, "*")) q.field.bytes = NULL;
  return query_string_run(index, &q, found);
}

/* --- queries of a field ------------------------------------------------------------------------------------ */

/* Reads {"FIELD": TEXT} and {"FIELD": {MEMBER: TEXT, …}}. */
static bool read_field_query(const char *name, const char *member, struct json_value body, struct field_query *q) {
  struct json_value field, given, key, value, text = {JSON_NONE, {NULL, 0}};
  if (!only_member(name, body, &field, &given)) return false;
  if (!read_text(field, field_bytes, sizeof field_bytes, &q->field)) return false;
  if (given.type != JSON_OBJECT) return read_text(given, text_bytes, sizeof text_bytes, &q->text);
  for (size_t cursor = 0; json_next(given, &cursor, &key, &value);) {
    bool good = true;
    if (json_is(key, member)) text = value;
    else if (json_is(key, "boost")) good = read_boost(value, &q->boost);
    else if (json_is(key, "operator") && strcmp(name, "match") == 0) good = read_operator(value, &q->all_words);
    else if (json_is(key, "lenient") && strcmp(name, "match") == 0) q->lenient = value.type == JSON_TRUE;
    else good = not_supported(name, key);
    if (!good) return false;
  }
  if (text.type == JSON_NONE) return refuse_query("No [%s] specified for the [%s] query", member, name);
  return read_text(text, text_bytes, sizeof text_bytes, &q->text);
}

static bool run_match(const struct index *index, struct json_value body, struct matches *found) {
  struct field_query q = {.boost = 1};
  return read_field_query("match", "query", body, &q) && query_field(index, &q, found);
}

static bool run_term(const struct index *index, struct json_value body, struct matches *found) {
  struct field_query q = {.boost = 1};
  return read_field_query("term", "value", body, &q) && query_term(index, &q, found);
}

static bool run_terms(const struct index *index, struct json_value body, struct matches *found) {
  struct field_query q = {.boost = 1};
  struct json_value field, list, key, value;
  if (!only_member("terms", body, &field, &list)) return false;
  if (!read_text(field, field_bytes, sizeof field_bytes, &q.field)) return false;
  if (list.type != JSON_ARRAY) return refuse_query("[terms] query wants a list of values");
  for (size_t cursor = 0; json_next(list, &cursor, &key, &value);) {
    struct matches more = {0};
    if (!read_text(value, text_bytes, sizeof text_bytes, &q.text) || !query_term(index, &q, &more)) {
      matches_free(&more);
      return false;
    }
    if (!matches_or(found, &more)) return false;
  }
  for (size_t i = 0; i < found->count; i++) found->items[i].score = 1;
  return true;
}

/* --- multi_match ------------------------------------------------------------------------------------------- */

struct multi_match {
  struct field_query query;
  struct json_value fields;
  /* Of several fields, the sum of the scores counts and not the best one. */
  bool most;
};

static bool read_multi_match(struct json_value body, struct multi_match *m) {
  struct json_value key, value, text = {JSON_NONE, {NULL, 0}};
  if (body.type != JSON_OBJECT) return refuse_query("[multi_match] query wants an object");
  for (size_t cursor = 0; json_next(body, &cursor, &key, &value);) {
    bool good = true;
    if (json_is(key, "query")) text = value;
    else if (json_is(key, "fields")) m->fields = value;
    else if (json_is(key, "operator")) good = read_operator(value, &m->query.all_words);
    else if (json_is(key, "boost")) good = read_boost(value, &m->query.boost);
    else if (json_is(key, "lenient")) m->query.lenient = value.type == JSON_TRUE;
    else if (!json_is(key, "type")) good = not_supported("multi_match", key);
    else if (json_is(value, "most_fields")) m->most = true;
    else if (!json_is(value, "best_fields")) good =
        refuse_query("[multi_match] has best_fields and most_fields as types");
    if (!good) return false;
  }
  if (text.type == JSON_NONE) return refuse_query("No text specified for multi_match query");
  return read_text(text, text_bytes, sizeof text_bytes, &m->query.text);
}

/* "title", or "title^3": three times as important. */
static bool read_boosted_field(struct json_value value, struct field_query *q) {
  if (value.type != JSON_STRING) return refuse_query("[fields] are names of fields");
  if (!read_text(value, field_bytes, sizeof field_bytes, &q->field)) return false;
  struct text rest = q->field;
  q->field = text_split(&rest, '^');
  if (!rest.bytes || rest.length == 0) return true;
  size_t wrong;
  double boost;
  if (!json_check(rest, &wrong)) return refuse_query("A field's boost is a number, like title^3");
  if (!read_boost(json_root(rest), &boost)) return false;
  q->boost *= boost;
  return true;
}

static bool add_field(const struct index *index, const struct multi_match *m, struct json_value field,
                      struct matches *found) {
  struct field_query q = m->query;
  struct matches more = {0};
  if (!read_boosted_field(field, &q)) return false;
  bool all = text_is(q.field, "*");
  if (!(all ? query_all_fields(index, q, &more) : query_field(index, &q, &more))) {
    matches_free(&more);
    return false;
  }
  return m->most ? matches_or(found, &more) : matches_or_best(found, &more);
}

static bool run_multi_match(const struct index *index, struct json_value body, struct matches *found) {
  struct multi_match m = {.query = {.boost = 1}};
  size_t count = 0;
  struct json_value key, field;
  if (!read_multi_match(body, &m)) return false;
  if (m.fields.type == JSON_NONE) return query_all_fields(index, m.query, found);
  if (m.fields.type == JSON_STRING) return add_field(index, &m, m.fields, found);
  if (m.fields.type != JSON_ARRAY) return refuse_query("[fields] is a list of fields");
  for (size_t cursor = 0; json_next(m.fields, &cursor, &key, &field);) {
    if (++count > FIELDS_LIMIT) return refuse_query("[fields] has at most %u fields", (uint32_t)FIELDS_LIMIT);
    if (!add_field(index, &m, field, found)) return false;
  }
  return true;
}

/* --- bool -------------------------------------------------------------------------------------------------- */

static bool add_clause(const struct index *index, struct clauses *clauses, enum occur occur, struct json_value query) {
  struct matches found;
  return query_run(index, query, &found) && clauses_add(clauses, occur, &found);
}

static bool add_clauses(const struct index *index, struct clauses *clauses, enum occur occur, struct json_value given) {
  struct json_value key, query;
  if (given.type != JSON_ARRAY) return add_clause(index, clauses, occur, given);
  for (size_t cursor = 0; json_next(given, &cursor, &key, &query);) {
    if (!add_clause(index, clauses, occur, query)) return false;
  }
  return true;
}

static bool read_bool(const struct index *index, struct json_value body, struct clauses *clauses, int *minimum) {
  static const char *const names[] = {"must", "filter", "should", "must_not"};
  struct json_value key, value;
  for (size_t cursor = 0; json_next(body, &cursor, &key, &value);) {
    size_t occur = 0;
    uint64_t number;
    while (occur < 4 && !json_is(key, names[occur])) occur++;
    if (occur < 4) {
      if (!add_clauses(index, clauses, (enum occur)occur, value)) return false;
    } else if (json_is(key, "minimum_should_match")) {
      if (!json_whole(value, 1024, &number)) return refuse_query("[minimum_should_match] is a number from 0 to 1024");
      *minimum = (int)number;
    } else {
      return not_supported("bool", key);
    }
  }
  return true;
}

static bool run_bool(const struct index *index, struct json_value body, struct matches *found) {
  struct clauses clauses = {0};
  int minimum = -1;
  if (body.type != JSON_OBJECT) return refuse_query("[bool] query wants an object");
  if (read_bool(index, body, &clauses, &minimum)) return clauses_end(&clauses, index, minimum, found);
  clauses_free(&clauses);
  return false;
}

/* ----------------------------------------------------------------------------------------------------------- */

static const struct query_kind kinds[] = {
    {"match_all", run_match_all},     {"match_none", run_match_none},     {"match", run_match},
    {"multi_match", run_multi_match}, {"query_string", run_query_string}, {"term", run_term},
    {"terms", run_terms},             {"bool", run_bool},
};

bool query_run(const struct index *index, struct json_value query, struct matches *found) {
  struct json_value name, body;
  *found = (struct matches){0};
  if (!only_member("a", query, &name, &body)) {
    return refuse_query("[query] is an object with one member, which is named after the kind of the query");
  }
  for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
    if (!json_is(name, kinds[i].name)) continue;
    if (kinds[i].run(index, body, found)) return true;
    matches_free(found);
    return false;
  }
  return refuse_query("unknown query [%t]; there are bool, match, match_all, match_none, multi_match, query_string, term, terms",
                      raw(name));
}
