/* Which indices a path names: "books", "books,films", "log-*", "_all", or nothing for all. */
#ifndef SEARCH_TARGETS_H
#define SEARCH_TARGETS_H

#include "catalog.h"

struct targets {
  struct index *list[INDEX_LIMIT];
  size_t count;
};

/* One that is named and not there is a problem; a pattern may match none. */
bool targets_find(struct text expression, struct targets *targets);

#endif
