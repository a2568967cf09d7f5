#include "matches.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bytes.h"
#include "documents.h"
#include "problem.h"
#include "segments.h"

#define K1 1.2
#define B 0.75
/* Looking a term up in a segment takes as long as looking at so many postings. */
#define LOOKUP_COST 1000

static size_t budget;

void matches_begin(void) { budget = MATCHES_BUDGET; }

static bool spend(size_t count) {
  if (count <= budget) {
    budget -= count;
    return true;
  }
  return refuse(429, "circuit_breaking_exception",
                "The query looks at more than %u postings: ask for fewer words and fields, or for rarer words",
                (uint32_t)MATCHES_BUDGET);
}

void matches_free(struct matches *matches) {
  free(matches->items);
  *matches = (struct matches){0};
}

static bool add(struct matches *to, struct match match) {
  if (to->count == to->capacity) {
    size_t capacity = to->capacity ? to->capacity * 2 : 16;
    struct match *grown = realloc(to->items, capacity * sizeof *grown);
    if (!grown) return refuse_memory();
    to->items = grown;
    to->capacity = capacity;
  }
  to->items[to->count++] = match;
  return true;
}

/* --- terms ------------------------------------------------------------------------------------------------- */

struct gathering {
  struct matches *found;
  size_t place;
};

/* Until all are known, `parts` is the frequency and the score the number of words. */
static bool gather(void *context, uint32_t document, uint32_t frequency, uint32_t length) {
  struct gathering *g = context;
  if (!spend(1)) return false;
  return !documents_have(document, &g->place) || add(g->found, (struct match){length, document, frequency});
}

static double idf(double documents, double having) { return log(1 + (documents - having + 0.5) / (having + 0.5)); }

static void score(struct matches *found, const struct field_stats *stats, bool whole, double boost) {
  double average = stats->documents ? (double)stats->length / stats->documents : 1;
  double rarity = idf(stats->documents, (double)found->count);
  for (size_t i = 0; i < found->count; i++) {
    struct match *m = &found->items[i];
    double frequency = whole ? 1 : m->parts, norm = whole ? K1 : K1 * (1 - B + B * m->score / average);
    m->score = boost * rarity * (K1 + 1) * frequency / (frequency + norm);
    m->parts = 1;
  }
}

bool matches_term(const struct index *index, uint16_t code, struct text word, double boost, struct matches *found) {
  char bytes[TERM_LIMIT];
  const struct field *field = &index->fields[code / 2];
  struct gathering gathering = {found, 0};
  *found = (struct matches){0};
  if (word.length > TERM_WORD_LIMIT) return true;
  put_u32(bytes, index->id);
  put_u16(bytes + 4, code);
  memcpy(bytes + TERM_PREFIX, word.bytes, word.length);
  struct text term = {bytes, TERM_PREFIX + word.length};
  if (!spend(LOOKUP_COST * segments.count)) return false;
  refuse(500, "exception", "The inverted index cannot be read");
  if (!segments_visit(term, gather, &gathering) || !recent_visit(term, gather, &gathering)) return false;
  if (field->type == FIELD_TEXT || field->type == FIELD_KEYWORD) {
    score(found, &field->stats[code % 2], field->type == FIELD_KEYWORD || code % 2, boost);
    return true;
  }
  for (size_t i = 0; i < found->count; i++) found->items[i] = (struct match){boost, found->items[i].document, 1};
  return true;
}

struct all {
  struct matches *found;
  double boost;
};

static bool add_one(void *context, uint32_t document) {
  struct all *all = context;
  return spend(1) && add(all->found, (struct match){all->boost, document, 1});
}

bool matches_all(const struct index *index, double boost, struct matches *found) {
  struct all all = {found, boost};
  *found = (struct matches){0};
  return documents_each(index, add_one, &all);
}

/* --- sets -------------------------------------------------------------------------------------------------- */

static bool join(struct matches *to, struct matches *other, bool best) {
  struct matches joined = {0};
  bool good = spend(to->count + other->count);
  size_t i = 0, j = 0;
  if (good && to->count == 0) {
    matches_free(to);
    *to = *other;
    *other = (struct matches){0};
    return true;
  }
  while (good && (i < to->count || j < other->count)) {
    struct match *a = i < to->count ? &to->items[i] : NULL, *b = j < other->count ? &other->items[j] : NULL;
    if (!b || (a && a->document < b->document)) {
      good = add(&joined, *a), i++;
    } else if (!a || b->document < a->document) {
      good = add(&joined, *b), j++;
    } else {
      double score = best ? (a->score > b->score ? a->score : b->score) : a->score + b->score;
      good = add(&joined, (struct match){score, a->document, a->parts + b->parts});
      i++, j++;
    }
  }
  matches_free(to);
  matches_free(other);
  *to = joined;
  return good;
}

bool matches_or(struct matches *to, struct matches *other) { return join(to, other, false); }
bool matches_or_best(struct matches *to, struct matches *other) { return join(to, other, true); }

enum sift { WITHIN, WITHOUT, EITHER };

/* Keeps those that are in the other one, those that are not, or all of them. */
static bool sift(struct matches *to, struct matches *other, enum sift which, bool scored) {
  size_t kept = 0, j = 0;
  bool good = spend(to->count + other->count);
  for (size_t i = 0; good && i < to->count; i++) {
    struct match m = to->items[i];
    while (j < other->count && other->items[j].document < m.document) j++;
    bool both = j < other->count && other->items[j].document == m.document;
    if (which != EITHER && both != (which == WITHIN)) continue;
    if (both && scored) m.score += other->items[j].score;
    to->items[kept++] = m;
  }
  if (good) to->count = kept;
  matches_free(other);
  return good;
}

bool matches_and(struct matches *to, struct matches *other, bool scored) { return sift(to, other, WITHIN, scored); }
bool matches_raise(struct matches *to, struct matches *other) { return sift(to, other, EITHER, true); }
bool matches_without(struct matches *to, struct matches *other) { return sift(to, other, WITHOUT, false); }

void matches_as_part(struct matches *matches) {
  for (size_t i = 0; i < matches->count; i++) matches->items[i].parts = 1;
}

void matches_at_least(struct matches *to, uint32_t parts) {
  size_t kept = 0;
  for (size_t i = 0; i < to->count; i++) {
    if (to->items[i].parts >= parts) to->items[kept++] = to->items[i];
  }
  to->count = kept;
}

/* --- the best ---------------------------------------------------------------------------------------------- */

static bool is_better(const struct match *a, const struct match *b) {
  float left = (float)a->score, right = (float)b->score;
  return left != right ? left > right : a->document < b->document;
}

static void swap(struct match *a, struct match *b) {
  struct match other = *a;
  *a = *b;
  *b = other;
}

/* A heap with the worst one on top. */
static void sink(struct match *heap, size_t count, size_t at) {
  for (;;) {
    size_t worst = at, child = 2 * at + 1;
    if (child < count && is_better(&heap[worst], &heap[child])) worst = child;
    if (child + 1 < count && is_better(&heap[worst], &heap[child + 1])) worst = child + 1;
    if (worst == at) return;
    swap(&heap[at], &heap[worst]);
    at = worst;
  }
}

size_t matches_best(struct matches *matches, size_t count) {
  struct match *heap = matches->items;
  if (count > matches->count) count = matches->count;
  if (count == 0) return 0;
  for (size_t i = count / 2; i-- > 0;) sink(heap, count, i);
  for (size_t i = count; i < matches->count; i++) {
    if (!is_better(&heap[i], &heap[0])) continue;
    swap(&heap[i], &heap[0]);
    sink(heap, count, 0);
  }
  for (size_t end = count; end-- > 1;) {
    swap(&heap[0], &heap[end]);
    sink(heap, end, 0);
  }
  return count;
}
