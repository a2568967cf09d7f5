/* The body of a bulk request: lines of JSON, an action and, of all but delete, the document. */
#ifndef SEARCH_BULK_H
#define SEARCH_BULK_H

#include "catalog.h"
#include "documents.h"

enum action { ACTION_INDEX, ACTION_CREATE, ACTION_DELETE };
const char *action_name(enum action action);

struct bulk_item {
  enum action action;
  struct text index, identifier, source;
  char index_bytes[INDEX_NAME_LIMIT + 1], identifier_bytes[IDENTIFIER_LIMIT + 1];
};

/* Whether every line is what it has to be; the documents themselves are not looked at. `index`: where none is named. */
bool bulk_check(struct text body, struct text index);
/* Takes the next item off a body that was checked; false at its end. */
bool bulk_next(struct text *rest, struct text index, struct bulk_item *item);

#endif
