#include "name.h"

#include <string.h>

#define LABEL_LIMIT 63
#define MAX_LABELS 128

size_t name_length(const uint8_t *name) {
  size_t length = 0;
  while (name[length]) length += name[length] + 1u;
  return length + 1;
}

static uint8_t lower(uint8_t c) { return c >= 'A' && c <= 'Z' ? c | 0x20 : c; }

static int compare_labels(const uint8_t *a, const uint8_t *b) {
  size_t shorter = a[0] < b[0] ? a[0] : b[0];
  for (size_t i = 1; i <= shorter; i++) {
    int difference = lower(a[i]) - lower(b[i]);
    if (difference) return difference;
  }
  return a[0] - b[0];
}

bool name_equal(const uint8_t *a, const uint8_t *b) {
  while (a[0] == b[0] && compare_labels(a, b) == 0) {
    if (a[0] == 0) return true;
    a = name_parent(a), b = name_parent(b);
  }
  return false;
}

static size_t split(const uint8_t *name, const uint8_t *labels[MAX_LABELS]) {
  size_t count = 0;
  for (; name[0]; name = name_parent(name)) labels[count++] = name;
  return count;
}

int name_compare(const uint8_t *a, const uint8_t *b) {
  const uint8_t *first[MAX_LABELS], *second[MAX_LABELS];
  size_t i = split(a, first), j = split(b, second);
  while (i > 0 && j > 0) {
    int order = compare_labels(first[--i], second[--j]);
    if (order) return order;
  }
  return (i > 0) - (j > 0);
}

bool name_is_below(const uint8_t *name, const uint8_t *ancestor) {
  for (;; name = name_parent(name)) {
    if (name_equal(name, ancestor)) return true;
    if (name[0] == 0) return false;
  }
}

const uint8_t *name_parent(const uint8_t *name) { return name + name[0] + 1; }

/* The character at the beginning of the text, unescaped; -1 when it is malformed. */
static int next_character(struct text *text) {
  const uint8_t *at = (const uint8_t *)text->bytes;
  size_t used = 1;
  int character = at[0];
  if (character == '\\') {
    if (text->length < 2) return -1;
    character = at[1];
    used = 2;
    if (character >= '0' && character <= '9') {
      uint64_t number;
      if (text->length < 4 || !text_number((struct text){text->bytes + 1, 3}, 255, &number)) return -1;
      character = (int)number;
      used = 4;
    }
  }
  text->bytes += used, text->length -= used;
  return character;
}

bool name_parse(struct text text, const uint8_t *origin, uint8_t name[NAME_LIMIT]) {
  size_t label = 0, at = 1;
  size_t origin_length = name_length(origin);
  if (text_is(text, "@")) {
    memcpy(name, origin, origin_length);
    return true;
  }
  if (text_is(text, ".")) {
    name[0] = 0;
    return true;
  }
  if (text.length == 0) return false;
  while (text.length > 0) {
    bool dot = text.bytes[0] == '.';
    int character = next_character(&text);
    if (character < 0 || at >= NAME_LIMIT) return false;
    if (!dot) {
      name[at++] = (uint8_t)character;
      if (at - label - 1 > LABEL_LIMIT) return false;
      continue;
    }
    if (at - label - 1 == 0) return false;
    name[label] = (uint8_t)(at - label - 1);
    label = at++;
    if (text.length == 0) {
      name[label] = 0;
      return true;
    }
  }
  name[label] = (uint8_t)(at - label - 1);
  if (at + origin_length > NAME_LIMIT) return false;
  memcpy(name + at, origin, origin_length);
  return true;
}
