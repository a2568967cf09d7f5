#include "json_read.h"

#include <string.h>

#include "utf8.h"

struct scan {
  const char *at, *end;
};

static void skip_spaces(struct scan *s) {
  while (s->at < s->end && (*s->at == ' ' || *s->at == '\n' || *s->at == '\r' || *s->at == '\t')) s->at++;
}

static bool take(struct scan *s, const char *word) {
  size_t length = strlen(word);
  if ((size_t)(s->end - s->at) < length || memcmp(s->at, word, length) != 0) return false;
  s->at += length;
  return true;
}

static bool take_digits(struct scan *s) {
  const char *from = s->at;
  while (s->at < s->end && *s->at >= '0' && *s->at <= '9') s->at++;
  return s->at > from;
}

static bool check_number(struct scan *s) {
  take(s, "-");
  if (!take(s, "0") && !take_digits(s)) return false;
  if (take(s, ".") && !take_digits(s)) return false;
  if (!take(s, "e") && !take(s, "E")) return true;
  if (!take(s, "+")) take(s, "-");
  return take_digits(s);
}

static int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  c |= 0x20;
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool check_escape(struct scan *s) {
  if (s->at == s->end) return false;
  char c = *s->at++;
  if (c != 'u') return c != 0 && strchr("\"\\/bfnrt", c);
  for (int i = 0; i < 4; i++) {
    if (s->at == s->end || hex_digit(*s->at) < 0) return false;
    s->at++;
  }
  return true;
}

static bool check_string(struct scan *s) {
  if (!take(s, "\"")) return false;
  while (s->at < s->end && *s->at != '"') {
    if (*s->at == '\\') {
      s->at++;
      if (!check_escape(s)) return false;
      continue;
    }
    /* Of the control characters, RFC 8259 wants only those below U+0020 to be escaped. */
    size_t length = *s->at == 0x7f ? 1 : utf8_sequence((const uint8_t *)s->at, (size_t)(s->end - s->at));
    if (length == 0) return false;
    s->at += length;
  }
  return take(s, "\"");
}

static bool check_value(struct scan *s, int depth);

static bool check_container(struct scan *s, int depth, bool object) {
  const char *close = object ? "}" : "]";
  if (depth == JSON_DEPTH) return false;
  s->at++;
  skip_spaces(s);
  if (take(s, close)) return true;
  for (;;) {
    if (object) {
      skip_spaces(s);
      if (!check_string(s)) return false;
      skip_spaces(s);
      if (!take(s, ":")) return false;
    }
    if (!check_value(s, depth + 1)) return false;
    if (take(s, close)) return true;
    if (!take(s, ",")) return false;
  }
}

/* With the spaces around it. */
static bool check_value(struct scan *s, int depth) {
  skip_spaces(s);
  if (s->at == s->end) return false;
  bool good;
  switch (*s->at) {
    case '{': good = check_container(s, depth, true); break;
    case '[': good = check_container(s, depth, false); break;
    case '"': good = check_string(s); break;
    case 't': good = take(s, "true"); break;
    case 'f': good = take(s, "false"); break;
    case 'n': good = take(s, "null"); break;
    default: good = check_number(s);
  }
  skip_spaces(s);
  return good;
}

bool json_check(struct text text, size_t *wrong) {
  struct scan s = {text.bytes, text.bytes + text.length};
  bool good = check_value(&s, 0) && s.at == s.end;
  *wrong = (size_t)(s.at - text.bytes);
  return good;
}

/* --- walking, where nothing can be wrong any more ------------------------------------------------------ */

static const char *string_end(const char *at) {
  for (at++; *at != '"'; at++) {
    if (*at == '\\') at++;
  }
  return at + 1;
}

static const char *container_end(const char *at) {
  for (int depth = 0;;) {
    if (*at == '"') {
      at = string_end(at);
      continue;
    }
    if (*at == '{' || *at == '[') depth++;
    if ((*at == '}' || *at == ']') && --depth == 0) return at + 1;
    at++;
  }
}

static struct json_value value_at(struct scan *s) {
  const char *from = s->at;
  enum json_type type = JSON_NUMBER;
  switch (*from) {
    case '{': type = JSON_OBJECT, s->at = container_end(from); break;
    case '[': type = JSON_ARRAY, s->at = container_end(from); break;
    case '"': type = JSON_STRING, s->at = string_end(from); break;
    case 't': type = JSON_TRUE, s->at += 4; break;
    case 'f': type = JSON_FALSE, s->at += 5; break;
    case 'n': type = JSON_NULL, s->at += 4; break;
    default:
      while (s->at < s->end && *s->at && strchr("+-.0123456789eE", *s->at)) s->at++;
  }
  return (struct json_value){type, {from, (size_t)(s->at - from)}};
}

struct json_value json_root(struct text text) {
  struct scan s = {text.bytes, text.bytes + text.length};
  skip_spaces(&s);
  return value_at(&s);
}

bool json_next(struct json_value container, size_t *cursor, struct json_value *key, struct json_value *value) {
  struct scan s = {container.raw.bytes + (*cursor ? *cursor : 1), container.raw.bytes + container.raw.length};
  skip_spaces(&s);
  take(&s, ",");
  skip_spaces(&s);
  if (*s.at == '}' || *s.at == ']') return false;
  *key = (struct json_value){JSON_NONE, {NULL, 0}};
  if (container.type == JSON_OBJECT) {
    *key = value_at(&s);
    skip_spaces(&s);
    take(&s, ":");
    skip_spaces(&s);
  }
  *value = value_at(&s);
  *cursor = (size_t)(s.at - container.raw.bytes);
  return true;
}

static uint32_t hex4(const char *at) {
  uint32_t value = 0;
  for (int i = 0; i < 4; i++) value = value << 4 | (uint32_t)hex_digit(at[i]);
  return value;
}

/* The character of the escape behind a backslash, and how long that is. */
static uint32_t escaped(const char *at, const char *end, size_t *length) {
  static const char from[] = "bfnrt", to[] = "\b\f\n\r\t";
  *length = 1;
  const char *plain = *at ? strchr(from, *at) : NULL;
  if (*at != 'u') return plain ? (uint8_t)to[plain - from] : (uint8_t)*at;
  *length = 5;
  uint32_t c = hex4(at + 1);
  if (c < 0xd800 || c > 0xdfff) return c;
  if (c > 0xdbff || end - at < 11 || at[5] != '\\' || at[6] != 'u') return 0xfffd;
  uint32_t low = hex4(at + 7);
  if (low < 0xdc00 || low > 0xdfff) return 0xfffd;
  *length = 11;
  return 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
}

bool json_decode(struct json_value string, char *buffer, size_t size, size_t *length) {
  const char *at = string.raw.bytes + 1, *end = string.raw.bytes + string.raw.length - 1;
  size_t put = 0;
  while (at < end) {
    char bytes[4] = {*at};
    size_t used = 1, count = 1;
    if (*at == '\\') {
      count = utf8_write(escaped(at + 1, end, &used), bytes);
      used++;
    }
    if (count > size - put) return false;
    memcpy(buffer + put, bytes, count);
    put += count;
    at += used;
  }
  *length = put;
  return true;
}

bool json_is(struct json_value string, const char *characters) {
  char buffer[64];
  size_t length;
  return string.type == JSON_STRING && json_decode(string, buffer, sizeof buffer, &length) &&
         text_is((struct text){buffer, length}, characters);
}

bool json_whole(struct json_value value, uint64_t most, uint64_t *number) {
  return value.type == JSON_NUMBER && text_number(value.raw, most, number);
}

double json_double(struct json_value number) {
  struct text rest = number.raw;
  double value = 0;
  int scale = 0, exponent = 0;
  bool negative = false, fraction = false;
  size_t i = 0;
  if (rest.bytes[0] == '-') negative = true, i++;
  for (; i < rest.length && (rest.bytes[i] | 0x20) != 'e'; i++) {
    if (rest.bytes[i] == '.') {
      fraction = true;
      continue;
    }
    value = value * 10 + (rest.bytes[i] - '0');
    if (fraction) scale--;
  }
  if (i < rest.length) {
    bool minus = rest.bytes[++i] == '-';
    if (minus || rest.bytes[i] == '+') i++;
    for (; i < rest.length && exponent < 1000; i++) exponent = exponent * 10 + (rest.bytes[i] - '0');
    scale += minus ? -exponent : exponent;
  }
  for (; scale > 0 && value < 1e300; scale--) value *= 10;
  for (; scale < 0 && value > 0; scale++) value /= 10;
  return negative ? -value : value;
}
