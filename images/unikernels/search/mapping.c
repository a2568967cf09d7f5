#include "mapping.h"

#include <string.h>

#include "problem.h"

struct type_name {
  const char *name;
  enum field_type type;
};

/* The first one of each type is how we call it. */
static const struct type_name types[] = {
    {"text", FIELD_TEXT},    {"keyword", FIELD_KEYWORD}, {"double", FIELD_NUMBER}, {"boolean", FIELD_BOOLEAN},
    {"long", FIELD_NUMBER},  {"integer", FIELD_NUMBER},  {"short", FIELD_NUMBER},  {"byte", FIELD_NUMBER},
    {"float", FIELD_NUMBER}, {"half_float", FIELD_NUMBER},
};

#define TYPES (sizeof types / sizeof types[0])

static struct json_value member(struct json_value object, const char *name) {
  struct json_value key, value;
  if (object.type == JSON_OBJECT) {
    for (size_t cursor = 0; json_next(object, &cursor, &key, &value);) {
      if (json_is(key, name)) return value;
    }
  }
  return (struct json_value){JSON_NONE, {NULL, 0}};
}

static bool read_properties(struct json_value properties, struct index *index, char path[FIELD_NAME_LIMIT + 1],
                            size_t length);

static bool read_property(struct json_value property, struct index *index, char path[FIELD_NAME_LIMIT + 1],
                          size_t length) {
  struct json_value type = member(property, "type"), inner = member(property, "properties");
  if (inner.type == JSON_OBJECT) return read_properties(inner, index, path, length);
  for (size_t i = 0; i < TYPES; i++) {
    if (json_is(type, types[i].name)) return catalog_add_field(index, (struct text){path, length}, types[i].type) >= 0;
  }
  return refuse(400, "mapper_parsing_exception",
                "Field [%t] has no type that is known: there are text, keyword, boolean, long, double and the like",
                (struct text){path, length});
}

static bool read_properties(struct json_value properties, struct index *index, char path[FIELD_NAME_LIMIT + 1],
                            size_t length) {
  struct json_value key, value;
  for (size_t cursor = 0; json_next(properties, &cursor, &key, &value);) {
    size_t added, at = length;
    if (at > 0) path[at++] = '.';
    if (at >= FIELD_NAME_LIMIT || !json_decode(key, path + at, FIELD_NAME_LIMIT - at, &added) ||
        !text_is_clean((struct text){path, at + added})) {
      return refuse(400, "mapper_parsing_exception",
                    "The name of a field has at most %u bytes, and no control characters", (uint32_t)FIELD_NAME_LIMIT);
    }
    if (catalog_field(index, (struct text){path, at + added}) >= 0) continue;
    if (!read_property(value, index, path, at + added)) return false;
  }
  return true;
}

bool mapping_read(struct json_value body, struct index *index) {
  char path[FIELD_NAME_LIMIT + 1];
  struct json_value properties = member(member(body, "mappings"), "properties");
  return properties.type != JSON_OBJECT || read_properties(properties, index, path, 0);
}

void mapping_add(const struct index *index, struct json *json) {
  json_add(json, "\"mappings\":{\"properties\":{");
  for (size_t i = 0; i < index->field_count; i++) {
    const struct field *field = &index->fields[i];
    size_t type = 0;
    while (types[type].type != field->type) type++;
    if (i > 0) json_add(json, ",");
    json_string(json, text_of(field->name));
    json_add(json, ":{\"type\":\"%s\"", types[type].name);
    const char *whole = ",\"fields\":{\"keyword\":{\"type\":\"keyword\",\"ignore_above\":256}}";
    json_add(json, "%s}", field->type == FIELD_TEXT ? whole : "");
  }
  json_add(json, "}}");
}
