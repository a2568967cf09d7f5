#include "libos.h"

static void say_list(const char *text, va_list list) {
  char line[512];
  size_t length = format_list(line, sizeof line, text, list);
  line[length++] = '\n';
  solo5_console_write(line, length);
}

void say(const char *text, ...) {
  va_list list;
  va_start(list, text);
  say_list(text, list);
  va_end(list);
}

void give_up(const char *text, ...) {
  va_list list;
  va_start(list, text);
  say_list(text, list);
  va_end(list);
  solo5_exit(1);
}
