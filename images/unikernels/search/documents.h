/*
 * The documents: each a record of the log, and a small entry in memory. Every change makes a new document with the next
 * number; postings name documents by their number, so that those of one that is gone lead nowhere.
 *
 *   key 'd' index:u32 identifier    number:u32 version:u32 sequence number:u64 lengths:u16, so many times code:u16
 *                                   words:u32, and the source as it came
 */
#ifndef SEARCH_DOCUMENTS_H
#define SEARCH_DOCUMENTS_H

#include "../http/json_read.h"
#include "catalog.h"

#define IDENTIFIER_LIMIT 500
/* Less than a record may have, for what stands before it. */
#define SOURCE_LIMIT 60000

enum outcome { DOCUMENT_CREATED, DOCUMENT_UPDATED, DOCUMENT_DELETED, DOCUMENT_MISSING, DOCUMENT_LATER,
              DOCUMENT_REFUSED };

struct change {
  enum outcome outcome;
  uint32_t version;
  uint64_t seq_no;
};

/* A document as it lies in the log; there until the log is changed. */
struct document {
  struct index *index;
  struct text identifier;
  char identifier_bytes[IDENTIFIER_LIMIT];
  uint32_t number, version;
  uint64_t seq_no;
  uint16_t length_count;
  uint32_t source_length;
  struct log_found found;
};

/*
 * Both are seen at once, and durable with the log. DOCUMENT_LATER: nothing was done, and more flushes have to be over
 * first. DOCUMENT_REFUSED: nothing was done, and the problem says why. The source was checked; `fresh`: only if there is
 * no such document.
 */
struct change documents_put(struct index *index, struct text identifier, struct text source, bool fresh);
struct change documents_delete(struct index *index, struct text identifier);
/* Their index is gone from the catalog: they are seen no more, and deleted piece by piece. */
void documents_abandon(size_t slot);

/* False when there is none. */
bool documents_find(struct index *index, struct text identifier, struct document *document);
bool documents_by_number(uint32_t number, struct document *document);
bool documents_read_source(const struct document *document, char *buffer);

/*
 * Whether a document is there. `place` is 0 for the first question, and then left to be used again for ever higher
 * numbers.
 */
bool documents_have(uint32_t number, size_t *place);
/* The documents of an index, in the order of their numbers, until the visitor returns false. */
bool documents_each(const struct index *index, bool (*visit)(void *context, uint32_t number), void *context);
size_t documents_count(void);

/* --- at the start and in the background ------------------------------------------------------------------ */

/* Takes a document from its record; the catalog has to be there. Returns what is the matter, or NULL. */
const char *documents_load(struct log *log, struct text key, const struct log_found *found);
/* After all of them. Words of those that no segment covers are taken in again; returns how many these were. */
const char *documents_open(struct log *log, size_t *recent);
/* A little of what there is to do: a segment, a merge, documents whose index is gone. False when nothing can be done. */
bool documents_work(void);

#endif
