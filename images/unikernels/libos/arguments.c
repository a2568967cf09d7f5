#include <string.h>

#include "libos.h"

/* As many as one asks for; a longer list is refused when it is first looked at. */
static char arguments[4096];
static size_t arguments_size;

static void read_arguments(void) {
  if (arguments_size > 0) return;
  size_t size = strata_arguments(arguments, sizeof arguments - 1);
  if (size == 0) size = 1;
  if (size > sizeof arguments - 1) give_up("The arguments take %u bytes, %u are allowed", (uint32_t)size, 4095u);
  arguments_size = size;
}

/* The argument after this one, or NULL. With NULL, the one after the name of the instance. */
static const char *argument_after(const char *argument) {
  read_arguments();
  const char *next = argument ? argument : arguments;
  next += strlen(next) + 1;
  return next < arguments + arguments_size ? next : NULL;
}

const char *instance_name(void) {
  read_arguments();
  return arguments;
}

const char *option(const char *name) {
  size_t length = strlen(name);
  const char *value = NULL;
  for (const char *at = argument_after(NULL); at; at = argument_after(at)) {
    if (at[0] == '-' && at[1] == '-' && strncmp(at + 2, name, length) == 0 && at[2 + length] == '=') {
      value = at + 3 + length;
    }
  }
  return value;
}

uint32_t option_number(const char *name, uint32_t otherwise, uint32_t most) {
  const char *value = option(name);
  uint64_t number;
  if (!value) return otherwise;
  if (!text_number(text_of(value), most, &number)) give_up("--%s=%s is no number of at most %u", name, value, most);
  return (uint32_t)number;
}

const char *operand(size_t index) {
  for (const char *at = argument_after(NULL); at; at = argument_after(at)) {
    if (at[0] == '-' && at[1] == '-') continue;
    if (index-- == 0) return at;
  }
  return NULL;
}
