/*
 * What search makes of text: one on a line, its bytes in hex. Usage: search_text tokens|json|number|lower; for `lower` a
 * line is the number of a character.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../http/json.h"
#include "../http/json_read.h"
#include "../search/leaves.h"
#include "../search/tokens.h"

#define MAX_BYTES 65536

static size_t read_hex(const char *line, char *bytes) {
  size_t length = 0;
  unsigned value;
  for (; length < MAX_BYTES && sscanf(line, "%2x", &value) == 1; line += 2) bytes[length++] = (char)value;
  return length;
}

static void print_hex(const char *bytes, size_t length) {
  for (size_t i = 0; i < length; i++) printf("%02x", (unsigned)(uint8_t)bytes[i]);
}

static void print_tokens(struct text text) {
  char word[TOKEN_LIMIT];
  size_t length;
  for (bool first = true; token_next(&text, word, &length); first = false) {
    if (!first) printf(" ");
    print_hex(word, length);
  }
}

/* The same value once more, as we understand it. */
static void add_value(struct json *json, struct json_value value) {
  static char decoded[MAX_BYTES];
  size_t length = 0, cursor = 0;
  struct json_value key, inner;
  if (value.type == JSON_STRING) {
    if (!json_decode(value, decoded, sizeof decoded, &length)) exit(1);
    json_string(json, (struct text){decoded, length});
    return;
  }
  if (value.type != JSON_ARRAY && value.type != JSON_OBJECT) {
    json_bytes(json, value.raw);
    return;
  }
  json_add(json, value.type == JSON_OBJECT ? "{" : "[");
  while (json_next(value, &cursor, &key, &inner)) {
    if (json->bytes[json->length - 1] != '{' && json->bytes[json->length - 1] != '[') json_add(json, ",");
    if (value.type == JSON_OBJECT) {
      add_value(json, key);
      json_add(json, ":");
    }
    add_value(json, inner);
  }
  json_add(json, value.type == JSON_OBJECT ? "}" : "]");
}

static void print_json(struct text text) {
  struct json json = {.limit = 8 * MAX_BYTES};
  size_t wrong;
  if (!json_check(text, &wrong)) {
    printf("wrong %zu", wrong);
    return;
  }
  add_value(&json, json_root(text));
  print_hex(json.bytes, json.length);
  free(json.bytes);
}

static void print_number(struct text text) {
  char word[TERM_WORD_LIMIT];
  size_t length;
  if (number_word(text, word, &length)) printf("%.*s", (int)length, word);
  else printf("none");
}

int main(int argc, char **argv) {
  static char line[2 * MAX_BYTES + 16], bytes[MAX_BYTES];
  const char *what = argc > 1 ? argv[1] : "tokens";
  while (fgets(line, sizeof line, stdin)) {
    /* In a buffer of just their size, so that the compiler's checks see every read beyond it. */
    size_t length = strcmp(what, "lower") == 0 ? 0 : read_hex(line, bytes);
    char *exact = malloc(length ? length : 1);
    memcpy(exact, bytes, length);
    struct text text = {exact, length};
    if (strcmp(what, "lower") == 0) printf("%u", lower_case((uint32_t)atoi(line)));
    else if (strcmp(what, "json") == 0) print_json(text);
    else if (strcmp(what, "number") == 0) print_number(text);
    else print_tokens(text);
    printf("\n");
    free(exact);
  }
  return 0;
}
