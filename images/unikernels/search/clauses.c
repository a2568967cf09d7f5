#include "clauses.h"

static void clear_scores(struct matches *matches) {
  for (size_t i = 0; i < matches->count; i++) matches->items[i].score = 0;
}

bool clauses_add(struct clauses *c, enum occur occur, struct matches *found) {
  matches_as_part(found);
  if (occur == CLAUSE_SHOULD) {
    c->has_should = true;
    return matches_or(&c->should, found);
  }
  if (occur == CLAUSE_MUST_NOT) return matches_or(&c->excluded, found);
  if (occur == CLAUSE_FILTER) clear_scores(found);
  if (c->has_needed) return matches_and(&c->needed, found, true);
  c->has_needed = true;
  c->needed = *found;
  *found = (struct matches){0};
  return true;
}

static bool conclude(struct clauses *c, const struct index *index, int minimum) {
  if (minimum < 0) minimum = c->has_should && !c->has_needed ? 1 : 0;
  if (minimum > 0) {
    matches_at_least(&c->should, (uint32_t)minimum);
    if (!c->has_needed) {
      c->needed = c->should;
      c->should = (struct matches){0};
    } else if (!matches_and(&c->needed, &c->should, true)) {
      return false;
    }
  } else {
    if (!c->has_needed) {
      if (!matches_all(index, 1, &c->needed)) return false;
      clear_scores(&c->needed);
    }
    if (!matches_raise(&c->needed, &c->should)) return false;
  }
  return matches_without(&c->needed, &c->excluded);
}

bool clauses_end(struct clauses *c, const struct index *index, int minimum, struct matches *found) {
  bool good = conclude(c, index, minimum);
  *found = c->needed;
  c->needed = (struct matches){0};
  clauses_free(c);
  return good;
}

void clauses_free(struct clauses *c) {
  matches_free(&c->needed);
  matches_free(&c->should);
  matches_free(&c->excluded);
}
