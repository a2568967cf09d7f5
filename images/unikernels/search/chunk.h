/* The chunks of a segment, written and read one after the other; segments.h tells what is in them. */
#ifndef SEARCH_CHUNK_H
#define SEARCH_CHUNK_H

#include "segments.h"

struct segment {
  uint32_t id, chunks;
  /* Of all its chunks. */
  uint32_t bytes;
  /* The first term of each chunk, one after the other, and where each begins; one place more than chunks. */
  char *terms;
  uint32_t *starts;
};

#define CHUNK_KEY 7
struct text chunk_key(char key[CHUNK_KEY], uint32_t segment, uint32_t chunk);
struct text segment_first_term(const struct segment *segment, uint32_t chunk);
/* Adds the first term of one chunk more. */
bool segment_add_chunk(struct segment *segment, struct text first);
void segment_forget(struct segment *segment);

/* Writes a segment: terms in their order, the documents of each in theirs. */
struct writer {
  struct log *log;
  struct segment segment;
  enum log_status status;
  /* The entry that is being filled, and the term of the one before it in this chunk. */
  char term[TERM_LIMIT], before[TERM_LIMIT];
  size_t term_length, before_length;
  uint32_t document;
  uint8_t postings[CHUNK_LIMIT], chunk[CHUNK_LIMIT];
  size_t posted, used;
};

void writer_begin(struct writer *writer, struct log *log, uint32_t segment);
void writer_term(struct writer *writer, struct text term);
bool writer_add(struct writer *writer, uint32_t document, uint32_t frequency, uint32_t length);
enum log_status writer_end(struct writer *writer);

/* Reads the entries of a segment. */
struct cursor {
  struct log *log;
  const struct segment *segment;
  uint32_t next_chunk;
  bool failed;
  struct text term, postings;
  char term_bytes[TERM_LIMIT];
  const uint8_t *at, *end;
  /* Some more than a chunk, so that a varint can be read without looking where it ends. */
  uint8_t chunk[CHUNK_LIMIT + 64];
};

/* Goes to the first entry with a term, or with a later one; NULL: to the first of all. False when there is none. */
bool cursor_begin(struct cursor *cursor, struct log *log, const struct segment *segment, const struct text *term);
/* Goes to the next one. */
bool cursor_next(struct cursor *cursor);
/* The documents of the entry; false when the visitor has returned false. */
bool cursor_visit(const struct cursor *cursor, posting_visitor visit, void *context);

int term_compare(struct text a, struct text b);

#endif
