#include "recent.h"

#include <stdlib.h>
#include <string.h>

#include "../libos/crc32c.h"

/* A power of two, and more than terms fit. */
#define SLOTS (RECENT_LIMIT / 32)

struct posting {
  /* Where the next one is; 0 at the end. */
  uint32_t next, document, frequency, length;
};

struct term {
  uint32_t hash, first, last, length;
  char bytes[];
};

/* Offsets are in units of 4 bytes; the first unit is not used. */
static uint32_t arena[RECENT_LIMIT / 4];
static uint32_t used = 1;
static uint32_t slots[SLOTS];
static uint32_t term_count;

static struct term *term_at(uint32_t offset) { return (struct term *)&arena[offset]; }
static struct posting *posting_at(uint32_t offset) { return (struct posting *)&arena[offset]; }

static size_t term_size(size_t length) { return (sizeof(struct term) + length + 3) & ~(size_t)3; }

size_t recent_need(size_t term_length) { return term_size(term_length) + sizeof(struct posting); }

size_t recent_used(void) { return (size_t)used * 4; }

static uint32_t take(size_t size) {
  uint32_t offset = used;
  used += (uint32_t)(size / 4);
  return offset;
}

/* The slot of a term, or the one where it would be. */
static uint32_t *slot_of(struct text term, uint32_t hash) {
  for (size_t i = hash & (SLOTS - 1);; i = (i + 1) & (SLOTS - 1)) {
    if (!slots[i]) return &slots[i];
    const struct term *found = term_at(slots[i]);
    bool like = found->hash == hash && found->length == term.length;
    if (like && memcmp(found->bytes, term.bytes, term.length) == 0) return &slots[i];
  }
}

void recent_add(struct text text, uint32_t document, uint32_t length) {
  uint32_t hash = crc32c(0, text.bytes, text.length) * 0x9e3779b1u;
  uint32_t *slot = slot_of(text, hash);
  if (!*slot) {
    *slot = take(term_size(text.length));
    struct term *made = term_at(*slot);
    *made = (struct term){hash, 0, 0, (uint32_t)text.length};
    memcpy(made->bytes, text.bytes, text.length);
    term_count++;
  }
  struct term *term = term_at(*slot);
  if (term->last && posting_at(term->last)->document == document) {
    posting_at(term->last)->frequency++;
    return;
  }
  uint32_t offset = take(sizeof(struct posting));
  *posting_at(offset) = (struct posting){0, document, 1, length};
  if (term->last) posting_at(term->last)->next = offset;
  else term->first = offset;
  term->last = offset;
}

bool recent_visit(struct text text, posting_visitor visit, void *context) {
  uint32_t slot = *slot_of(text, crc32c(0, text.bytes, text.length) * 0x9e3779b1u);
  for (uint32_t at = slot ? term_at(slot)->first : 0; at; at = posting_at(at)->next) {
    const struct posting *p = posting_at(at);
    if (!visit(context, p->document, p->frequency, p->length)) return false;
  }
  return true;
}

static int compare(const void *left, const void *right) {
  const struct term *a = term_at(*(const uint32_t *)left), *b = term_at(*(const uint32_t *)right);
  int order = memcmp(a->bytes, b->bytes, a->length < b->length ? a->length : b->length);
  return order ? order : (a->length > b->length) - (a->length < b->length);
}

bool recent_each(term_visitor visit, void *context) {
  uint32_t *sorted = malloc(term_count * sizeof *sorted + 1);
  size_t count = 0;
  if (!sorted) return false;
  for (size_t i = 0; i < SLOTS; i++) {
    if (slots[i]) sorted[count++] = slots[i];
  }
  qsort(sorted, count, sizeof *sorted, compare);
  bool good = true;
  for (size_t i = 0; good && i < count; i++) {
    const struct term *term = term_at(sorted[i]);
    good = visit(context, (struct text){term->bytes, term->length});
  }
  free(sorted);
  return good;
}

void recent_clear(void) {
  memset(slots, 0, sizeof slots);
  used = 1;
  term_count = 0;
}
