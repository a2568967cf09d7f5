/* JSON that is being written: text that grows, up to a limit. */
#ifndef HTTP_JSON_H
#define HTTP_JSON_H

#include "../libos/format.h"

struct json {
  char *bytes;
  size_t length, capacity, limit;
  /* Something did not fit: what is there is not to be used. */
  bool failed;
};

/* Adds text as it is; see format(). At most 1023 bytes in one call. */
void json_add(struct json *json, const char *pattern, ...);
void json_bytes(struct json *json, struct text text);
/* Adds a string with its quotes and escapes. */
void json_string(struct json *json, struct text text);

/* True when text is UTF-8 without control characters. */
bool text_is_clean(struct text text);

#endif
