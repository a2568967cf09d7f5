/* What the clauses of a query come to together: that of a bool query, and of a query string. */
#ifndef SEARCH_CLAUSES_H
#define SEARCH_CLAUSES_H

#include "matches.h"

enum occur { CLAUSE_MUST, CLAUSE_FILTER, CLAUSE_SHOULD, CLAUSE_MUST_NOT };

struct clauses {
  /* What must match, or pass a filter; all documents as long as nothing must. */
  struct matches needed, should, excluded;
  bool has_needed, has_should;
};

/* Uses the matches up. As a problem: false. */
bool clauses_add(struct clauses *clauses, enum occur occur, struct matches *found);
/*
 * Uses the clauses up. `minimum`: in how many that should match a document has to be; -1: in one if nothing else is
 * needed.
 */
bool clauses_end(struct clauses *clauses, const struct index *index, int minimum, struct matches *found);
void clauses_free(struct clauses *clauses);

#endif
