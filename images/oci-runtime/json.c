#include "json.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"

#define MAX_DEPTH 64

struct parser {
  struct arena *arena;
  char *start, *at, *end;
  const char *problem;
};

static bool value(struct parser *p, struct json *node, int depth);

static bool refuse(struct parser *p, const char *problem) {
  p->problem = problem;
  return false;
}

// The text ends with a zero, which is neither a blank nor the beginning of anything.
static void skip_blanks(struct parser *p) {
  while (*p->at == ' ' || *p->at == '\n' || *p->at == '\t' || *p->at == '\r') p->at++;
}

// --- strings --------------------------------------------------------------------------------------

static int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// Four digits; -1 when they are not there.
static int32_t read_unit(struct parser *p) {
  int32_t unit = 0;
  for (int i = 0; i < 4; i++) {
    int digit = hex_digit(*p->at);
    if (digit < 0) return -1;
    unit = unit * 16 + digit;
    p->at++;
  }
  return unit;
}

static char *put_utf8(char *out, uint32_t c) {
  if (c < 0x80) {
    *out++ = (char)c;
  } else if (c < 0x800) {
    *out++ = (char)(0xc0 | c >> 6);
    *out++ = (char)(0x80 | (c & 0x3f));
  } else if (c < 0x10000) {
    *out++ = (char)(0xe0 | c >> 12);
    *out++ = (char)(0x80 | (c >> 6 & 0x3f));
    *out++ = (char)(0x80 | (c & 0x3f));
  } else {
    *out++ = (char)(0xf0 | c >> 18);
    *out++ = (char)(0x80 | (c >> 12 & 0x3f));
    *out++ = (char)(0x80 | (c >> 6 & 0x3f));
    *out++ = (char)(0x80 | (c & 0x3f));
  }
  return out;
}

// After `\u`. Half of a pair alone becomes the replacement character.
static char *unicode_escape(struct parser *p, char *out) {
  int32_t unit = read_unit(p);
  if (unit < 0) return NULL;
  if (unit == 0) {
    p->problem = "a zero in a string";
    return NULL;
  }
  if (unit < 0xd800 || unit > 0xdfff) return put_utf8(out, (uint32_t)unit);
  if (unit < 0xdc00 && p->at[0] == '\\' && p->at[1] == 'u') {
    char *before = p->at;
    p->at += 2;
    int32_t low = read_unit(p);
    if (low >= 0xdc00 && low <= 0xdfff) {
      return put_utf8(out, 0x10000u + (((uint32_t)unit & 0x3ff) << 10) + ((uint32_t)low & 0x3ff));
    }
    p->at = before;
  }
  return put_utf8(out, 0xfffd);
}

static char *escape(struct parser *p, char *out) {
  static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
  char c = *p->at++;
  if (c == 'u') return unicode_escape(p, out);
  const char *found = c ? strchr(from, c) : NULL;
  if (!found) return NULL;
  *out++ = to[found - from];
  return out;
}

// Decoded where it stands, which is never longer than what was written.
static const char *string(struct parser *p) {
  char *start = ++p->at, *out = start;
  for (;;) {
    char c = *p->at;
    if (c == '"') break;
    if ((unsigned char)c < 0x20) {
      refuse(p, p->at == p->end ? "the end in a string" : "a control character in a string");
      return NULL;
    }
    p->at++;
    if (c != '\\') {
      *out++ = c;
      continue;
    }
    out = escape(p, out);
    if (!out) {
      if (!p->problem) refuse(p, "an unknown escape");
      return NULL;
    }
  }
  p->at++;
  *out = 0;
  return start;
}

// --- other values ---------------------------------------------------------------------------------

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

static bool digits(struct parser *p) {
  if (!is_digit(*p->at)) return refuse(p, "a number without digits");
  while (is_digit(*p->at)) p->at++;
  return true;
}

static bool number(struct parser *p, struct json *node) {
  char *start = p->at;
  if (*p->at == '-') p->at++;
  if (*p->at == '0') p->at++;
  else if (!digits(p)) return false;
  if (*p->at == '.') {
    p->at++;
    if (!digits(p)) return false;
  }
  if (*p->at == 'e' || *p->at == 'E') {
    p->at++;
    if (*p->at == '+' || *p->at == '-') p->at++;
    if (!digits(p)) return false;
  }
  node->type = JSON_NUMBER;
  node->text = arena_copy(p->arena, start, (size_t)(p->at - start));
  return true;
}

static bool word(struct parser *p, struct json *node, const char *text, enum json_type type) {
  size_t length = strlen(text);
  if (strncmp(p->at, text, length) != 0) return refuse(p, "an unknown word");
  p->at += length;
  node->type = type;
  return true;
}

static bool member_key(struct parser *p, const char **key) {
  skip_blanks(p);
  if (*p->at != '"') return refuse(p, "a member without a name");
  *key = string(p);
  if (!*key) return false;
  skip_blanks(p);
  if (*p->at != ':') return refuse(p, "a member without a colon");
  p->at++;
  return true;
}

static bool children(struct parser *p, struct json *node, char end, int depth) {
  p->at++;
  skip_blanks(p);
  if (*p->at == end) {
    p->at++;
    return true;
  }
  for (struct json **last = &node->first;; last = &(*last)->next) {
    const char *key = NULL;
    if (end == '}' && !member_key(p, &key)) return false;
    struct json *child = arena_alloc(p->arena, sizeof *child);
    if (!value(p, child, depth)) return false;
    child->key = key;
    *last = child;
    skip_blanks(p);
    char c = *p->at;
    if (c != ',' && c != end) return refuse(p, end == '}' ? "an object that does not end" : "an array that does not end");
    p->at++;
    if (c == end) return true;
  }
}

static bool value(struct parser *p, struct json *node, int depth) {
  if (depth > MAX_DEPTH) return refuse(p, "values that are nested too deep");
  skip_blanks(p);
  switch (*p->at) {
    case '{': node->type = JSON_OBJECT; return children(p, node, '}', depth + 1);
    case '[': node->type = JSON_ARRAY; return children(p, node, ']', depth + 1);
    case '"': node->type = JSON_STRING; return (node->text = string(p)) != NULL;
    case 't': return word(p, node, "true", JSON_TRUE);
    case 'f': return word(p, node, "false", JSON_FALSE);
    case 'n': return word(p, node, "null", JSON_NULL);
    default: return number(p, node);
  }
}

const struct json *json_parse(struct arena *arena, char *text, size_t length) {
  struct parser p = {arena, text, text, text + length, NULL};
  struct json *root = arena_alloc(arena, sizeof *root);
  if (value(&p, root, 0)) {
    skip_blanks(&p);
    if (p.at == p.end) return root;
    p.problem = "something after the value";
  }
  fail(INVALID_ARGUMENT, "JSON: %s at byte %zu", p.problem, (size_t)(p.at - p.start));
  return NULL;
}

// --- reading --------------------------------------------------------------------------------------

const struct json *json_get(const struct json *object, const char *key) {
  if (!json_is(object, JSON_OBJECT)) return NULL;
  json_each(member, object) {
    if (strcmp(member->key, key) == 0) return member->type == JSON_NULL ? NULL : member;
  }
  return NULL;
}

const struct json *json_find(const struct json *object, const char *path) {
  char key[64];
  while (object && *path) {
    size_t length = strcspn(path, ".");
    if (length >= sizeof key) return NULL;
    memcpy(key, path, length);
    key[length] = 0;
    object = json_get(object, key);
    path += length + (path[length] == '.');
  }
  return object;
}

bool json_is(const struct json *value, enum json_type type) { return value && value->type == type; }

const char *json_text(const struct json *string, const char *otherwise) {
  return json_is(string, JSON_STRING) ? string->text : otherwise;
}

bool json_true(const struct json *value) { return json_is(value, JSON_TRUE); }

size_t json_count(const struct json *list) {
  size_t count = 0;
  json_each(item, list) count++;
  return count;
}

bool json_int(const struct json *number, int64_t *value) {
  if (!json_is(number, JSON_NUMBER)) return false;
  char *end;
  errno = 0;
  *value = strtoll(number->text, &end, 10);
  return *end == 0 && errno == 0;
}

bool json_uint(const struct json *number, uint64_t *value) {
  if (!json_is(number, JSON_NUMBER) || *number->text == '-') return false;
  char *end;
  errno = 0;
  *value = strtoull(number->text, &end, 10);
  return *end == 0 && errno == 0;
}

const char *const *json_strings(struct arena *arena, const struct json *array, const char *what) {
  const char **texts = arena_alloc(arena, (json_count(array) + 1) * sizeof *texts);
  size_t count = 0;
  if (array && array->type != JSON_ARRAY) {
    fail(INVALID_ARGUMENT, "%s is no array", what);
    return NULL;
  }
  json_each(item, array) {
    if (item->type != JSON_STRING) {
      fail(INVALID_ARGUMENT, "%s holds something that is no string", what);
      return NULL;
    }
    texts[count++] = item->text;
  }
  return texts;
}

// --- writing --------------------------------------------------------------------------------------

void json_write(struct text *out, const struct json *value) {
  bool is_object = value->type == JSON_OBJECT;
  switch (value->type) {
    case JSON_NULL: text_add(out, "null"); break;
    case JSON_FALSE: text_add(out, "false"); break;
    case JSON_TRUE: text_add(out, "true"); break;
    case JSON_NUMBER: text_add(out, value->text); break;
    case JSON_STRING: text_string(out, value->text); break;
    default:
      text_add(out, is_object ? "{" : "[");
      json_each(child, value) {
        if (child != value->first) text_add(out, ",");
        if (is_object) {
          text_string(out, child->key);
          text_add(out, ":");
        }
        json_write(out, child);
      }
      text_add(out, is_object ? "}" : "]");
  }
}
