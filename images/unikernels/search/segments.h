/*
 * The inverted index on the device. A segment is a sorted list of terms with their postings, in chunks that are records
 * of the log; it is never changed. Two neighbours are merged into one when they are of like size, so that there are few.
 * One record, the manifest, names the segments there are: what it does not name is left over from a merge.
 *
 *   key 'm'                        the manifest
 *   key 's' segment:u32 chunk:u16  a chunk: entries, each
 *                                    varints: bytes shared with the term before, further bytes; those bytes
 *                                    varint: bytes of the postings; the postings, each
 *                                      varints: document, less the one before; frequency; words of the field
 */
#ifndef SEARCH_SEGMENTS_H
#define SEARCH_SEGMENTS_H

#include "../store/log.h"
#include "recent.h"

#define SEGMENT_LIMIT 32
#ifndef CHUNK_LIMIT
#define CHUNK_LIMIT (16 * 1024)
#endif

/* Postings of all indices are in the same segments; one index's documents are together in none of them. */
struct segments_state {
  struct log *log;
  size_t count;
  /* Bytes of all chunks. */
  uint64_t bytes;
  /* Documents up to this one are in segments; later ones in recent.h alone. */
  uint32_t covered;
  /* There was no room to merge. */
  bool stuck;
};
extern struct segments_state segments;

/* --- at the start: first the manifest, then each chunk's key, then segments_open ----------------------- */

bool segments_load_manifest(const uint8_t *record, size_t length);
/* Takes note of a chunk that no manifest names. */
void segments_load_chunk(struct text key);
/* NULL, or what is the matter. */
const char *segments_open(void);

/* --- looking things up ---------------------------------------------------------------------------------- */

/* The documents of segments that have a term; false when the visitor or the log has failed. */
bool segments_visit(struct text term, posting_visitor visit, void *context);

/* --- writing ---------------------------------------------------------------------------------------------- */

/* Bytes of the log that segments_write takes at most. */
uint64_t segments_write_size(void);
/* Writes what is recent, up to this document, as a segment. LOG_FULL when there is no memory for it. */
enum log_status segments_write(uint32_t covered);
/* Goes on with a merge and with tidying up, a little. False when there is nothing to do, or not now. */
bool segments_work(void);
/* There are so many that some have to be merged before more are written. */
bool segments_crowded(void);
/* There are chunks that are of no use any more. */
bool segments_tidying(void);

#endif
