/*
 * JSON that is read (RFC 8259): checked as a whole first, then walked through in place, without memory of its own. No part
 * of the library OS in it: compiled natively for tests, too.
 */
#ifndef HTTP_JSON_READ_H
#define HTTP_JSON_READ_H

#include "../libos/format.h"

/* How deep arrays and objects may be in each other. */
#define JSON_DEPTH 32

enum json_type { JSON_NONE, JSON_NULL, JSON_FALSE, JSON_TRUE, JSON_NUMBER, JSON_STRING, JSON_ARRAY, JSON_OBJECT };

/* A value and its bytes, those of a string with its quotes. */
struct json_value {
  enum json_type type;
  struct text raw;
};

/*
 * Whether all of the text is one value, in UTF-8, with whole escapes, and no deeper than JSON_DEPTH; if not, *wrong is
 * where it ceases to be. Everything below wants text that was checked.
 */
bool json_check(struct text text, size_t *wrong);

struct json_value json_root(struct text text);

/*
 * The next member of an object or element of an array, from *cursor = 0 on; false after the last one. An element's key
 * is of the type JSON_NONE.
 */
bool json_next(struct json_value container, size_t *cursor, struct json_value *key, struct json_value *value);

/* The characters of a string, in at most `size` bytes; false when there are more. A lone surrogate becomes U+FFFD. */
bool json_decode(struct json_value string, char *buffer, size_t size, size_t *length);
bool json_is(struct json_value string, const char *characters);

/* False unless it is a number of digits alone, of at most `most`. */
bool json_whole(struct json_value value, uint64_t most, uint64_t *number);
/* The value of a number, as near as a few roundings allow. */
double json_double(struct json_value number);

#endif
