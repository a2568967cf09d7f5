#include "syscalls.h"

#include <stdlib.h>
#include <string.h>

struct entry {
  const char *name;
  int number;
};

// In the order of names: see the Makefile.
static const struct entry entries[] = {
#include "syscalls.inc"
};

static int compare(const void *name, const void *entry) { return strcmp(name, ((const struct entry *)entry)->name); }

int syscall_number(const char *name) {
  const struct entry *found = bsearch(name, entries, sizeof entries / sizeof *entries, sizeof *entries, compare);
  return found ? found->number : -1;
}
