// JSON (RFC 8259) as a tree of nodes in an arena.
#ifndef STRATA_OCI_JSON_H
#define STRATA_OCI_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arena.h"
#include "text.h"

enum json_type { JSON_NULL, JSON_FALSE, JSON_TRUE, JSON_NUMBER, JSON_STRING, JSON_ARRAY, JSON_OBJECT };

struct json {
  enum json_type type;
  // Of a member of an object.
  const char *key;
  // Of a string, without escapes; of a number, as it was written.
  const char *text;
  // The first item or member, and the one after this.
  struct json *first, *next;
};

// Parses one value with nothing but blanks after it. `text` is changed, has to end with a zero at `length`, and must
// live as long as the tree. NULL and an error otherwise; a zero inside a string is one, as nothing here could take it.
const struct json *json_parse(struct arena *arena, char *text, size_t length);

// All take NULL for something that is not there.
const struct json *json_get(const struct json *object, const char *key);
// A path of keys, divided by dots.
const struct json *json_find(const struct json *object, const char *path);
const char *json_text(const struct json *string, const char *otherwise);
bool json_true(const struct json *value);
bool json_is(const struct json *value, enum json_type type);
size_t json_count(const struct json *list);
// False when it is no whole number of that kind.
bool json_int(const struct json *number, int64_t *value);
bool json_uint(const struct json *number, uint64_t *value);
// The texts of an array of strings, ended by NULL; an empty one when it is not there. NULL and an error when it holds
// something else.
const char *const *json_strings(struct arena *arena, const struct json *array, const char *what);

void json_write(struct text *out, const struct json *value);

#define json_each(item, list) for (const struct json *item = (list) ? (list)->first : NULL; item; item = item->next)

#endif
