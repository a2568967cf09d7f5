/* The inverted index of the documents that came last: in memory, until it is written as a segment. */
#ifndef SEARCH_RECENT_H
#define SEARCH_RECENT_H

#include "../libos/format.h"

/* Bytes for terms and postings. A test takes less, to have many segments. */
#ifndef RECENT_LIMIT
#define RECENT_LIMIT (1024 * 1024)
#endif

/* A term is a key: the index's identifier, the field's code, both big-endian, and a word. */
#define TERM_PREFIX 6
#define TERM_WORD_LIMIT 256
#define TERM_LIMIT (TERM_PREFIX + TERM_WORD_LIMIT)

/* Called for each document that has a term, in the order of their numbers: how often, in how many words of the field. */
typedef bool (*posting_visitor)(void *context, uint32_t document, uint32_t frequency, uint32_t length);

/* What a term takes at most, once it is added for a document. */
size_t recent_need(size_t term_length);
size_t recent_used(void);
/* There has to be room. One more in the document that was added to last, or the first in a later one. */
void recent_add(struct text term, uint32_t document, uint32_t length);
bool recent_visit(struct text term, posting_visitor visit, void *context);

/* All terms, sorted; false when there is no memory to sort them. The term is there during the call. */
typedef bool (*term_visitor)(void *context, struct text term);
bool recent_each(term_visitor visit, void *context);
void recent_clear(void);

#endif
