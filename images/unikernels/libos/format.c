#include "format.h"

#include <string.h>

struct text text_of(const char *string) { return (struct text){string, strlen(string)}; }

bool text_is(struct text text, const char *string) {
  return strlen(string) == text.length && memcmp(text.bytes, string, text.length) == 0;
}

static char lower(char c) { return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c; }

bool text_is_nocase(struct text text, const char *string) {
  if (strlen(string) != text.length) return false;
  for (size_t i = 0; i < text.length; i++) {
    if (lower(text.bytes[i]) != lower(string[i])) return false;
  }
  return true;
}

bool text_starts(struct text text, const char *string) {
  size_t length = strlen(string);
  return length <= text.length && memcmp(text.bytes, string, length) == 0;
}

static bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

struct text text_trim(struct text text) {
  while (text.length > 0 && is_space(text.bytes[0])) text.bytes++, text.length--;
  while (text.length > 0 && is_space(text.bytes[text.length - 1])) text.length--;
  return text;
}

struct text text_split(struct text *rest, char separator) {
  const char *end = rest->length > 0 ? memchr(rest->bytes, separator, rest->length) : NULL;
  struct text first = *rest;
  if (end) {
    first.length = (size_t)(end - rest->bytes);
    rest->bytes = end + 1;
    rest->length -= first.length + 1;
  } else {
    rest->bytes += rest->length;
    rest->length = 0;
  }
  return first;
}

struct text text_word(struct text *rest) {
  struct text text = text_trim(*rest);
  size_t length = 0;
  while (length < text.length && !is_space(text.bytes[length])) length++;
  *rest = (struct text){text.bytes + length, text.length - length};
  return (struct text){text.bytes, length};
}

bool text_number(struct text text, uint64_t most, uint64_t *number) {
  if (text.length == 0 || text.length > 19) return false;
  uint64_t value = 0;
  for (size_t i = 0; i < text.length; i++) {
    if (text.bytes[i] < '0' || text.bytes[i] > '9') return false;
    value = value * 10 + (uint64_t)(text.bytes[i] - '0');
  }
  *number = value;
  return value <= most;
}

struct writer {
  char *at, *end;
};

static void put(struct writer *w, const char *bytes, size_t length) {
  size_t room = (size_t)(w->end - w->at);
  if (length > room) length = room;
  memcpy(w->at, bytes, length);
  w->at += length;
}

static void put_number(struct writer *w, uint64_t value, unsigned base, unsigned least) {
  char digits[24];
  char *at = digits + sizeof digits;
  do {
    *--at = "0123456789abcdef"[value % base];
    value /= base;
  } while (value > 0);
  while (digits + sizeof digits - at < (ptrdiff_t)least) *--at = '0';
  put(w, at, (size_t)(digits + sizeof digits - at));
}

static void put_ipv4(struct writer *w, uint32_t address) {
  for (int i = 0; i < 4; i++) {
    if (i > 0) put(w, ".", 1);
    put_number(w, address >> (8 * i) & 0xff, 10, 1);
  }
}

size_t format_list(char *buffer, size_t size, const char *pattern, va_list list) {
  struct writer w = {buffer, buffer + size - 1};
  for (const char *at = pattern; *at; at++) {
    if (*at != '%') {
      put(&w, at, 1);
      continue;
    }
    unsigned least = 1;
    if (at[1] == '0' && at[2] >= '1' && at[2] <= '9') {
      least = (unsigned)(at[2] - '0');
      at += 2;
    }
    at++;
    if (*at == 's') {
      const char *string = va_arg(list, const char *);
      put(&w, string, strlen(string));
    } else if (*at == 't') {
      struct text text = va_arg(list, struct text);
      put(&w, text.bytes, text.length);
    } else if (*at == 'c') {
      char c = (char)va_arg(list, int);
      put(&w, &c, 1);
    } else if (*at == 'u') {
      put_number(&w, va_arg(list, uint32_t), 10, least);
    } else if (*at == 'U') {
      put_number(&w, va_arg(list, uint64_t), 10, least);
    } else if (*at == 'd') {
      int32_t value = va_arg(list, int32_t);
      if (value < 0) put(&w, "-", 1);
      put_number(&w, value < 0 ? 0 - (uint64_t)value : (uint64_t)value, 10, least);
    } else if (*at == 'x') {
      put_number(&w, va_arg(list, uint32_t), 16, least);
    } else if (*at == 'i') {
      put_ipv4(&w, va_arg(list, uint32_t));
    } else {
      put(&w, at, 1);
      if (!*at) break;
    }
  }
  *w.at = 0;
  return (size_t)(w.at - buffer);
}

size_t format(char *buffer, size_t size, const char *pattern, ...) {
  va_list list;
  va_start(list, pattern);
  size_t length = format_list(buffer, size, pattern, list);
  va_end(list);
  return length;
}
