#include "targets.h"

#include <string.h>

#include "problem.h"

static bool matches_pattern(struct text pattern, const char *name) {
  struct text rest = text_of(name), part = text_split(&pattern, '*');
  if (rest.length < part.length || memcmp(rest.bytes, part.bytes, part.length) != 0) return false;
  rest.bytes += part.length, rest.length -= part.length;
  /* Of what is between stars, each comes where it comes first; the last one is at the end. */
  for (;;) {
    part = text_split(&pattern, '*');
    if (pattern.length == 0 && pattern.bytes == part.bytes + part.length) {
      return rest.length >= part.length && memcmp(rest.bytes + rest.length - part.length, part.bytes, part.length) == 0;
    }
    while (rest.length >= part.length && memcmp(rest.bytes, part.bytes, part.length) != 0) rest.bytes++, rest.length--;
    if (rest.length < part.length) return false;
    rest.bytes += part.length, rest.length -= part.length;
  }
}

static void add(struct targets *targets, struct index *index) {
  for (size_t i = 0; i < targets->count; i++) {
    if (targets->list[i] == index) return;
  }
  targets->list[targets->count++] = index;
}

bool targets_find(struct text expression, struct targets *targets) {
  targets->count = 0;
  if (expression.length == 0 || text_is(expression, "_all")) expression = TEXT("*");
  while (expression.length > 0) {
    struct text name = text_split(&expression, ',');
    if (!memchr(name.bytes, '*', name.length)) {
      struct index *index = catalog_find(name);
      if (!index) return refuse_no_index(name);
      add(targets, index);
      continue;
    }
    for (size_t i = 0; i < INDEX_LIMIT; i++) {
      struct index *index = catalog_at(i);
      if (index && matches_pattern(name, index->name)) add(targets, index);
    }
  }
  return true;
}
