#include "json.h"

#include <stdlib.h>
#include <string.h>

#include "utf8.h"

#define FIRST_CAPACITY 1024

void json_bytes(struct json *json, struct text text) {
  size_t needed = json->length + text.length;
  if (json->failed || needed > json->limit) {
    json->failed = true;
    return;
  }
  if (needed > json->capacity) {
    size_t capacity = json->capacity ? json->capacity : FIRST_CAPACITY;
    while (capacity < needed) capacity *= 2;
    char *bytes = realloc(json->bytes, capacity);
    if (!bytes) {
      json->failed = true;
      return;
    }
    json->bytes = bytes;
    json->capacity = capacity;
  }
  memcpy(json->bytes + json->length, text.bytes, text.length);
  json->length = needed;
}

void json_add(struct json *json, const char *pattern, ...) {
  char buffer[1024];
  va_list list;
  va_start(list, pattern);
  size_t length = format_list(buffer, sizeof buffer, pattern, list);
  va_end(list);
  json_bytes(json, (struct text){buffer, length});
}

void json_string(struct json *json, struct text text) {
  json_bytes(json, TEXT("\""));
  size_t from = 0;
  for (size_t i = 0; i < text.length; i++) {
    uint8_t c = (uint8_t)text.bytes[i];
    if (c >= 0x20 && c != '"' && c != '\\') continue;
    json_bytes(json, (struct text){text.bytes + from, i - from});
    if (c < 0x20) json_add(json, "\\u%04x", (uint32_t)c);
    else json_add(json, "\\%c", c);
    from = i + 1;
  }
  json_bytes(json, (struct text){text.bytes + from, text.length - from});
  json_bytes(json, TEXT("\""));
}

bool text_is_clean(struct text text) {
  for (size_t i = 0; i < text.length;) {
    size_t length = utf8_sequence((const uint8_t *)text.bytes + i, text.length - i);
    if (length == 0) return false;
    i += length;
  }
  return true;
}
