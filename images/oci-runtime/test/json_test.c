// Reads a line, parses it, and writes it out again: one line for each, or "error" and what was said.
#include <stdio.h>
#include <string.h>

#include "../error.h"
#include "../json.h"

static char line[1 << 20];

int main(void) {
  while (fgets(line, sizeof line, stdin)) {
    size_t length = strcspn(line, "\n");
    line[length] = 0;
    struct arena arena = {0};
    struct text out = {0};
    const struct json *root = json_parse(&arena, line, length);
    if (root) json_write(&out, root);
    else text_format(&out, "error %s", last_error.message);
    puts(text_end(&out));
    text_free(&out);
    arena_free(&arena);
  }
  return 0;
}
