#include "text.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "error.h"

static void reserve(struct text *text, size_t more) {
  if (text->size - text->length > more) return;
  size_t size = text->size ? text->size * 2 : 256;
  while (size - text->length <= more) size *= 2;
  char *bytes = realloc(text->bytes, size);
  if (!bytes) _exit(EXIT_RUNTIME);
  text->bytes = bytes;
  text->size = size;
}

void text_free(struct text *text) {
  free(text->bytes);
  *text = (struct text){0};
}

const char *text_end(struct text *text) {
  reserve(text, 1);
  text->bytes[text->length] = 0;
  return text->bytes;
}

void text_bytes(struct text *text, const void *bytes, size_t length) {
  reserve(text, length);
  memcpy(text->bytes + text->length, bytes, length);
  text->length += length;
}

void text_add(struct text *text, const char *more) { text_bytes(text, more, strlen(more)); }

void text_format(struct text *text, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  int length = vsnprintf(NULL, 0, format, arguments);
  va_end(arguments);
  reserve(text, (size_t)length + 1);
  va_start(arguments, format);
  vsnprintf(text->bytes + text->length, (size_t)length + 1, format, arguments);
  va_end(arguments);
  text->length += (size_t)length;
}

// --- JSON -----------------------------------------------------------------------------------------

void text_string(struct text *text, const char *string) {
  text_add(text, "\"");
  for (const char *c = string; *c;) {
    const char *plain = c;
    while ((unsigned char)*c >= 0x20 && *c != '"' && *c != '\\') c++;
    text_bytes(text, plain, (size_t)(c - plain));
    if (!*c) break;
    if (*c == '"' || *c == '\\') text_format(text, "\\%c", *c);
    else text_format(text, "\\u%04x", (unsigned char)*c);
    c++;
  }
  text_add(text, "\"");
}

void text_comma(struct text *text) {
  char last = text->length ? text->bytes[text->length - 1] : '{';
  if (last != '{' && last != '[') text_add(text, ",");
}

void text_key(struct text *text, const char *name) {
  text_comma(text);
  text_string(text, name);
  text_add(text, ":");
}

void text_member(struct text *text, const char *name, const char *string) {
  text_key(text, name);
  text_string(text, string);
}

void text_number(struct text *text, const char *name, int64_t number) {
  text_key(text, name);
  text_format(text, "%" PRId64, number);
}

void text_flag(struct text *text, const char *name, bool flag) {
  text_key(text, name);
  text_add(text, flag ? "true" : "false");
}
