#include "chunk.h"

#include <stdlib.h>
#include <string.h>

#include "bytes.h"

/* Of an entry without its postings, and of one posting. */
#define ENTRY_HEAD (TERM_LIMIT + 3 * 5)
#define POSTING (3 * 5)

int term_compare(struct text a, struct text b) {
  int order = memcmp(a.bytes, b.bytes, a.length < b.length ? a.length : b.length);
  return order ? order : (a.length > b.length) - (a.length < b.length);
}

struct text chunk_key(char key[CHUNK_KEY], uint32_t segment, uint32_t chunk) {
  key[0] = 's';
  put_u32(key + 1, segment);
  put_u16(key + 5, (uint16_t)chunk);
  return (struct text){key, CHUNK_KEY};
}

struct text segment_first_term(const struct segment *segment, uint32_t chunk) {
  uint32_t start = segment->starts[chunk];
  return (struct text){segment->terms + start, segment->starts[chunk + 1] - start};
}

bool segment_add_chunk(struct segment *segment, struct text first) {
  uint32_t start = segment->chunks ? segment->starts[segment->chunks] : 0;
  uint32_t *starts = realloc(segment->starts, (segment->chunks + 2) * sizeof *starts);
  if (starts) segment->starts = starts;
  char *terms = starts ? realloc(segment->terms, start + first.length) : NULL;
  if (!terms) return false;
  segment->terms = terms;
  memcpy(terms + start, first.bytes, first.length);
  starts[segment->chunks++] = start;
  starts[segment->chunks] = start + (uint32_t)first.length;
  return true;
}

void segment_forget(struct segment *segment) {
  free(segment->terms);
  free(segment->starts);
  *segment = (struct segment){0};
}

/* --- writing --------------------------------------------------------------------------------------------- */

void writer_begin(struct writer *w, struct log *log, uint32_t segment) {
  w->log = log;
  w->segment = (struct segment){.id = segment};
  w->status = LOG_OK;
  w->term_length = w->before_length = w->posted = w->used = 0;
}

static void end_chunk(struct writer *w) {
  char key[CHUNK_KEY];
  if (w->used == 0 || w->status != LOG_OK) return;
  struct text chunk = {(const char *)w->chunk, w->used};
  w->status = log_put(w->log, chunk_key(key, w->segment.id, w->segment.chunks - 1), chunk);
  w->segment.bytes += (uint32_t)w->used;
  w->used = w->before_length = 0;
}

static void end_entry(struct writer *w) {
  if (w->posted == 0 || w->status != LOG_OK) return;
  if (w->used == 0 && !segment_add_chunk(&w->segment, (struct text){w->term, w->term_length})) {
    w->status = LOG_FULL;
    return;
  }
  size_t shared = 0;
  while (shared < w->before_length && shared < w->term_length && w->before[shared] == w->term[shared]) shared++;
  uint8_t *at = w->chunk + w->used;
  at += put_varint(at, (uint32_t)shared);
  at += put_varint(at, (uint32_t)(w->term_length - shared));
  memcpy(at, w->term + shared, w->term_length - shared);
  at += w->term_length - shared;
  at += put_varint(at, (uint32_t)w->posted);
  memcpy(at, w->postings, w->posted);
  w->used = (size_t)(at - w->chunk) + w->posted;
  w->posted = 0;
  memcpy(w->before, w->term, w->term_length);
  w->before_length = w->term_length;
}

void writer_term(struct writer *w, struct text term) {
  if (term_compare(term, (struct text){w->term, w->term_length}) == 0) return;
  end_entry(w);
  memcpy(w->term, term.bytes, term.length);
  w->term_length = term.length;
}

bool writer_add(struct writer *w, uint32_t document, uint32_t frequency, uint32_t length) {
  if (w->used + ENTRY_HEAD + w->posted + POSTING > CHUNK_LIMIT) {
    end_entry(w);
    end_chunk(w);
  }
  if (w->posted == 0) w->document = 0;
  uint8_t *at = w->postings + w->posted;
  at += put_varint(at, document - w->document);
  at += put_varint(at, frequency);
  at += put_varint(at, length);
  w->posted = (size_t)(at - w->postings);
  w->document = document;
  return w->status == LOG_OK;
}

enum log_status writer_end(struct writer *w) {
  end_entry(w);
  end_chunk(w);
  return w->status;
}

/* --- reading --------------------------------------------------------------------------------------------- */

static bool load_chunk(struct cursor *c) {
  char key[CHUNK_KEY];
  struct log_found found;
  if (c->next_chunk == c->segment->chunks) return false;
  struct text name = chunk_key(key, c->segment->id, c->next_chunk++);
  if (log_find(c->log, name, &found) != LOG_OK || found.value_length > CHUNK_LIMIT ||
      !log_read_value(c->log, &found, 0, c->chunk, found.value_length)) {
    c->failed = true;
    return false;
  }
  c->at = c->chunk;
  c->end = c->chunk + found.value_length;
  c->term = (struct text){c->term_bytes, 0};
  return true;
}

bool cursor_next(struct cursor *c) {
  if (c->failed || (c->at == c->end && !load_chunk(c))) return false;
  uint32_t shared = get_varint(&c->at), more = get_varint(&c->at);
  c->failed = shared > c->term.length || more > TERM_LIMIT - shared || c->at > c->end ||
      more > (size_t)(c->end - c->at);
  if (c->failed) return false;
  memcpy(c->term_bytes + shared, c->at, more);
  c->term = (struct text){c->term_bytes, shared + more};
  c->at += more;
  uint32_t length = get_varint(&c->at);
  c->failed = c->at > c->end || length > (size_t)(c->end - c->at);
  if (c->failed) return false;
  c->postings = (struct text){(const char *)c->at, length};
  c->at += length;
  return true;
}

bool cursor_begin(struct cursor *c, struct log *log, const struct segment *segment, const struct text *term) {
  c->log = log;
  c->segment = segment;
  c->failed = false;
  c->at = c->end = NULL;
  uint32_t low = 0, high = term ? segment->chunks : 0;
  while (low < high) {
    uint32_t middle = (low + high) / 2;
    if (term_compare(segment_first_term(segment, middle), *term) < 0) low = middle + 1;
    else high = middle;
  }
  /* It may begin in the last chunk whose first term is before it. */
  c->next_chunk = low > 0 ? low - 1 : 0;
  bool found = cursor_next(c);
  while (found && term && term_compare(c->term, *term) < 0) found = cursor_next(c);
  return found;
}

bool cursor_visit(const struct cursor *c, posting_visitor visit, void *context) {
  const uint8_t *at = (const uint8_t *)c->postings.bytes, *end = at + c->postings.length;
  uint32_t document = 0;
  while (at < end) {
    document += get_varint(&at);
    uint32_t frequency = get_varint(&at), length = get_varint(&at);
    if (!visit(context, document, frequency, length)) return false;
  }
  return true;
}
