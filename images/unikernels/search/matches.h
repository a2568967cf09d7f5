/* What a query has found: documents with scores. */
#ifndef SEARCH_MATCHES_H
#define SEARCH_MATCHES_H

#include "catalog.h"

struct match {
  double score;
  uint32_t document;
  /* How many of the parts of a query it has matched. */
  uint32_t parts;
};

/* In the order of the documents' numbers. */
struct matches {
  struct match *items;
  size_t count, capacity;
};

/*
 * The documents that have a term, scored as Lucene does: BM25 with k1 = 1.2 and b = 0.75 for the words of a text, with
 * the lengths as they are (Lucene rounds those above 40); for a whole text only how rare it is; 1 for numbers and
 * booleans. All of these as a problem: false.
 */
bool matches_term(const struct index *index, uint16_t code, struct text word, double boost, struct matches *found);
bool matches_all(const struct index *index, double boost, struct matches *found);

/* The second one is used up. */
bool matches_or(struct matches *to, struct matches *other);
/* As matches_or, but of the two scores it is the larger that counts. */
bool matches_or_best(struct matches *to, struct matches *other);
/* Those that are in both; `scored`: with the sum of their scores, else with that of the first. */
bool matches_and(struct matches *to, struct matches *other, bool scored);
/* Adds the scores of those that are in both. */
bool matches_raise(struct matches *to, struct matches *other);
bool matches_without(struct matches *to, struct matches *other);
/* Counts as one part whatever they have matched in. */
void matches_as_part(struct matches *matches);
/* Those that have matched in so many parts at least. */
void matches_at_least(struct matches *to, uint32_t parts);
void matches_free(struct matches *matches);

/* Postings and matches that a request may look at, in all of its queries: what takes too long is refused. */
#define MATCHES_BUDGET 3000000
void matches_begin(void);

/*
 * Puts the best ones to the front, best first: by the score as it is shown, then by number. Returns how many there are,
 * which is `count` or fewer.
 */
size_t matches_best(struct matches *matches, size_t count);

#endif
