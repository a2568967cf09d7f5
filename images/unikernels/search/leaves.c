#include "leaves.h"

#include <stdlib.h>
#include <string.h>

#include "../http/json.h"
#include "documents.h"
#include "problem.h"
#include "tokens.h"

struct walk {
  leaf_visitor visit;
  void *context;
  char path[FIELD_NAME_LIMIT + 1];
};

static bool walk(struct walk *w, struct json_value container, size_t path_length) {
  size_t cursor = 0;
  struct json_value key, value;
  while (json_next(container, &cursor, &key, &value)) {
    size_t length = path_length;
    if (key.type == JSON_STRING) {
      size_t dot = path_length > 0;
      if (dot) w->path[length++] = '.';
      size_t added;
      if (!json_decode(key, w->path + length, FIELD_NAME_LIMIT - length, &added)) {
        return refuse_document("The name of a field has at most %u bytes, with those that it is in",
                      (uint32_t)FIELD_NAME_LIMIT - 1);
      }
      length += added;
      if (!text_is_clean((struct text){w->path, length})) {
        return refuse_document("The name of a field has no control characters in it");
      }
    }
    if (value.type == JSON_NULL) continue;
    bool inner = value.type == JSON_ARRAY || value.type == JSON_OBJECT;
    if (inner ? !walk(w, value, length) : !w->visit(w->context, (struct text){w->path, length}, value)) return false;
  }
  return true;
}

bool leaves_visit(struct json_value object, leaf_visitor visit, void *context) {
  struct walk w = {visit, context, {0}};
  return walk(&w, object, 0);
}

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

/* Its digits without zeros around them, and the power of ten of the last one: "1990" and "1.99e3" are both "199e1". */
bool number_word(struct text text, char word[TERM_WORD_LIMIT], size_t *length) {
  struct text whole = text_trim(text);
  size_t wrong, i = 0, digits = 0, zeros = 0;
  if (whole.length == 0 || !json_check(whole, &wrong) || json_root(whole).type != JSON_NUMBER) return false;
  char *at = word;
  int32_t exponent = 0, given = 0;
  bool fraction = false;
  if (whole.bytes[0] == '-') *at++ = '-', i++;
  for (; i < whole.length && (is_digit(whole.bytes[i]) || whole.bytes[i] == '.'); i++) {
    char c = whole.bytes[i];
    if (c == '.') {
      fraction = true;
      continue;
    }
    if (fraction) exponent--;
    if (c == '0') {
      zeros++;
      continue;
    }
    if (digits == 0) zeros = 0;
    if (digits + zeros + 1 > TERM_WORD_LIMIT / 2) return false;
    for (; zeros > 0; zeros--, digits++) *at++ = '0';
    *at++ = c;
    digits++;
  }
  exponent += (int32_t)zeros;
  if (i < whole.length) {
    bool minus = whole.bytes[++i] == '-';
    if (minus || whole.bytes[i] == '+') i++;
    for (; i < whole.length && given < 100000; i++) given = given * 10 + (whole.bytes[i] - '0');
    exponent += minus ? -given : given;
  }
  if (digits == 0) at = word, *at++ = '0', exponent = 0;
  *length = (size_t)(at - word) + format(at, 16, "e%d", exponent);
  return true;
}

static bool text_words(uint16_t number, struct text text, word_visitor visit, void *context) {
  char word[TOKEN_LIMIT];
  size_t length;
  struct text rest = text;
  while (token_next(&rest, word, &length)) {
    if (!visit(context, FIELD_CODE(number, 0), (struct text){word, length})) return false;
  }
  return text.length > TERM_WORD_LIMIT || visit(context, FIELD_CODE(number, 1), text);
}

/* The characters of a value, as it is or without the quotes and escapes of a string. */
static struct text characters(struct json_value value) {
  static char decoded[SOURCE_LIMIT];
  size_t length = 0;
  if (value.type != JSON_STRING) return value.raw;
  json_decode(value, decoded, sizeof decoded, &length);
  return (struct text){decoded, length};
}

bool leaf_words(enum field_type type, uint16_t number, struct json_value value, word_visitor visit, void *context) {
  struct text text = characters(value);
  if (type == FIELD_TEXT) return text_words(number, text, visit, context);
  if (type == FIELD_KEYWORD) return text.length > TERM_WORD_LIMIT || visit(context, FIELD_CODE(number, 0), text);
  char word[TERM_WORD_LIMIT];
  size_t length = 0;
  if (type == FIELD_NUMBER) {
    bool good = value.type == JSON_NUMBER || value.type == JSON_STRING;
    if (!good || !number_word(text, word, &length)) {
      return refuse_document("failed to parse: [%t] is no number, and the field has numbers",
                    text);
    }
    return visit(context, FIELD_CODE(number, 0), (struct text){word, length});
  }
  if (!text_is(text, "true") && !text_is(text, "false")) {
    return refuse_document("failed to parse: [%t] is neither true nor false, and the field has booleans", text);
  }
  return visit(context, FIELD_CODE(number, 0), text);
}
