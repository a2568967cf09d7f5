#include "segments.h"

#include <stdlib.h>
#include <string.h>

#include "bytes.h"
#include "catalog.h"
#include "chunk.h"
#include "documents.h"

#define MANIFEST_HEAD 14
#define MANIFEST_ENTRY 12
/* Entries that are merged, and chunks that are deleted, in one go. */
#define MERGE_PART 512
#define USELESS_PART 64

struct segments_state segments;

static struct segment list[SEGMENT_LIMIT];
static uint32_t next_segment = 1;

/* Chunks in the log that no manifest names. */
struct useless {
  uint32_t segment, chunk;
};
static struct useless *useless;
static size_t useless_count, useless_capacity;

static void add_useless(uint32_t segment, uint32_t chunk) {
  if (useless_count == useless_capacity) {
    size_t capacity = useless_capacity ? useless_capacity * 2 : 64;
    struct useless *grown = realloc(useless, capacity * sizeof *grown);
    /* What is not noted down is found again at the next start. */
    if (!grown) return;
    useless = grown;
    useless_capacity = capacity;
  }
  useless[useless_count++] = (struct useless){segment, chunk};
}

static void discard(struct segment *segment) {
  for (uint32_t i = 0; i < segment->chunks; i++) add_useless(segment->id, i);
  segment_forget(segment);
}

static bool delete_useless(void) {
  char key[CHUNK_KEY];
  size_t deleted = 0;
  while (useless_count > 0 && deleted < USELESS_PART &&
         log_ready(segments.log, log_record_size(CHUNK_KEY, 0)) == LOG_OK) {
    const struct useless *last = &useless[--useless_count];
    log_delete(segments.log, chunk_key(key, last->segment, last->chunk));
    deleted++;
  }
  return deleted > 0;
}

bool segments_tidying(void) { return useless_count > 0; }

bool segments_crowded(void) { return segments.count >= SEGMENT_LIMIT - 2; }

/* --- the manifest ----------------------------------------------------------------------------------------- */

static enum log_status write_manifest(void) {
  uint8_t manifest[MANIFEST_HEAD + SEGMENT_LIMIT * MANIFEST_ENTRY], *at = manifest + MANIFEST_HEAD;
  put_u32(manifest, next_segment);
  put_u32(manifest + 4, segments.covered);
  put_u32(manifest + 8, catalog_next_id);
  put_u16(manifest + 12, (uint16_t)segments.count);
  segments.bytes = 0;
  for (size_t i = 0; i < segments.count; i++, at += MANIFEST_ENTRY) {
    put_u32(at, list[i].id);
    put_u32(at + 4, list[i].chunks);
    put_u32(at + 8, list[i].bytes);
    segments.bytes += list[i].bytes;
  }
  return log_put(segments.log, TEXT("m"), (struct text){(char *)manifest, (size_t)(at - manifest)});
}

bool segments_load_manifest(const uint8_t *record, size_t length) {
  if (length < MANIFEST_HEAD) return false;
  next_segment = get_u32(record);
  segments.covered = get_u32(record + 4);
  if (get_u32(record + 8) > catalog_next_id) catalog_next_id = get_u32(record + 8);
  segments.count = get_u16(record + 12);
  if (segments.count > SEGMENT_LIMIT || length != MANIFEST_HEAD + segments.count * MANIFEST_ENTRY) return false;
  for (size_t i = 0; i < segments.count; i++) {
    const uint8_t *at = record + MANIFEST_HEAD + i * MANIFEST_ENTRY;
    list[i] = (struct segment){.id = get_u32(at), .chunks = get_u32(at + 4), .bytes = get_u32(at + 8)};
    segments.bytes += list[i].bytes;
  }
  return true;
}

void segments_load_chunk(struct text key) {
  if (key.length != CHUNK_KEY) return;
  uint32_t id = get_u32(key.bytes + 1);
  for (size_t i = 0; i < segments.count; i++) {
    if (list[i].id == id) return;
  }
  add_useless(id, get_u16(key.bytes + 5));
  if (id >= next_segment) next_segment = id + 1;
}

/* Reads the first term of each chunk. */
static bool open_segment(struct segment *segment) {
  uint8_t head[TERM_LIMIT + 2 * 5];
  char key[CHUNK_KEY];
  uint32_t chunks = segment->chunks;
  segment->chunks = 0;
  for (uint32_t i = 0; i < chunks; i++) {
    struct log_found found;
    if (log_find(segments.log, chunk_key(key, segment->id, i), &found) != LOG_OK) return false;
    size_t length = found.value_length < sizeof head ? found.value_length : sizeof head;
    const uint8_t *at = head;
    memset(head, 0, sizeof head);
    if (!log_read_value(segments.log, &found, 0, head, length)) return false;
    uint32_t shared = get_varint(&at), more = get_varint(&at);
    if (shared != 0 || more > TERM_LIMIT) return false;
    if (!segment_add_chunk(segment, (struct text){(const char *)at, more})) return false;
  }
  return true;
}

const char *segments_open(void) {
  for (size_t i = 0; i < segments.count; i++) {
    if (!open_segment(&list[i])) return "A segment of the inverted index cannot be read, or there is no memory for it";
  }
  return NULL;
}

/* --- looking things up ------------------------------------------------------------------------------------- */

bool segments_visit(struct text term, posting_visitor visit, void *context) {
  static struct cursor cursor;
  for (size_t i = 0; i < segments.count; i++) {
    bool found = cursor_begin(&cursor, segments.log, &list[i], &term);
    for (; found && term_compare(cursor.term, term) == 0; found = cursor_next(&cursor)) {
      if (!cursor_visit(&cursor, visit, context)) return false;
    }
    if (cursor.failed) return false;
  }
  return true;
}

/* --- writing what is recent -------------------------------------------------------------------------------- */

/* Postings on their way to a segment. Those of documents that are gone stay behind. */
struct transfer {
  struct writer *writer;
  size_t place;
};

static bool transfer_posting(void *context, uint32_t document, uint32_t frequency, uint32_t length) {
  struct transfer *t = context;
  return !documents_have(document, &t->place) || writer_add(t->writer, document, frequency, length);
}

static bool transfer_term(void *context, struct text term) {
  struct transfer *t = context;
  t->place = 0;
  writer_term(t->writer, term);
  return recent_visit(term, transfer_posting, t);
}

uint64_t segments_write_size(void) { return recent_used() + 2 * CHUNK_LIMIT; }

enum log_status segments_write(uint32_t covered) {
  static struct writer writer;
  struct transfer transfer = {&writer, 0};
  writer_begin(&writer, segments.log, next_segment++);
  bool sorted = recent_each(transfer_term, &transfer);
  enum log_status status = writer_end(&writer);
  if (!sorted || status != LOG_OK) {
    discard(&writer.segment);
    return status == LOG_OK ? LOG_FULL : status;
  }
  segments.covered = covered;
  if (writer.segment.chunks > 0) list[segments.count++] = writer.segment;
  status = write_manifest();
  if (status == LOG_OK) recent_clear();
  segments.stuck = false;
  return status;
}

/* --- merging ----------------------------------------------------------------------------------------------- */

struct merge {
  bool active;
  /* The place of the older of the two; those behind them may become more meanwhile. */
  size_t place;
  struct cursor older, newer;
  bool has_older, has_newer;
};

static struct merge merge;
static struct writer merge_writer;

/* Two neighbours of which the newer is at least half as large as the older: so each byte is copied a few times only. */
static bool begin_merge(void) {
  for (size_t i = segments.count; i-- > 1;) {
    if (list[i].bytes < list[i - 1].bytes / 2 && !segments_crowded()) continue;
    merge.active = true;
    merge.place = i - 1;
    writer_begin(&merge_writer, segments.log, next_segment++);
    merge.has_older = cursor_begin(&merge.older, segments.log, &list[i - 1], NULL);
    merge.has_newer = cursor_begin(&merge.newer, segments.log, &list[i], NULL);
    return true;
  }
  return false;
}

static void abandon_merge(void) {
  discard(&merge_writer.segment);
  merge.active = false;
  segments.stuck = true;
}

static void end_merge(void) {
  struct segment older = list[merge.place], newer = list[merge.place + 1], merged = merge_writer.segment;
  size_t kept = merged.chunks > 0;
  if (kept) list[merge.place] = merged;
  memmove(&list[merge.place + kept], &list[merge.place + 2], (segments.count - merge.place - 2) * sizeof list[0]);
  segments.count -= 2 - kept;
  merge.active = false;
  /* Should it fail, the log has failed, and what is in memory counts for nothing. */
  if (write_manifest() != LOG_OK) return;
  discard(&older);
  discard(&newer);
}

/* Takes the entry with the smaller term; of one term, the older documents come first. */
static bool merge_entry(void) {
  bool takes_older = merge.has_older && (!merge.has_newer || term_compare(merge.older.term, merge.newer.term) <= 0);
  struct cursor *from = takes_older ? &merge.older : &merge.newer;
  struct transfer transfer = {&merge_writer, 0};
  writer_term(&merge_writer, from->term);
  if (!cursor_visit(from, transfer_posting, &transfer)) return false;
  bool *has = takes_older ? &merge.has_older : &merge.has_newer;
  *has = cursor_next(from);
  return !from->failed;
}

static bool go_on_merging(void) {
  enum log_status status = log_ready(segments.log, 4 * CHUNK_LIMIT);
  if (status == LOG_FULL) abandon_merge();
  if (status != LOG_OK) return false;
  uint32_t chunks = merge_writer.segment.chunks;
  for (int i = 0; i < MERGE_PART && (merge.has_older || merge.has_newer); i++) {
    if (!merge_entry()) {
      abandon_merge();
      return true;
    }
    /* Two chunks were begun: as much as there was room for. */
    if (merge_writer.segment.chunks >= chunks + 2) return true;
  }
  if (merge.has_older || merge.has_newer) return true;
  if (merge_writer.segment.chunks >= chunks + 2) return true;
  if (writer_end(&merge_writer) != LOG_OK) abandon_merge();
  else end_merge();
  return true;
}

/* When no document is left, nothing is worth a merge. */
static bool drop_all(void) {
  if (segments.count == 0 || documents_count() > 0 || merge.active) return false;
  if (log_ready(segments.log, 4096) != LOG_OK) return false;
  size_t count = segments.count;
  segments.count = 0;
  if (write_manifest() != LOG_OK) return false;
  for (size_t i = 0; i < count; i++) discard(&list[i]);
  return true;
}

bool segments_work(void) {
  if (delete_useless() || drop_all()) return true;
  if (merge.active) return go_on_merging();
  return !segments.stuck && begin_merge();
}
