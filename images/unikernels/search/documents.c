#include "documents.h"

#include <stdlib.h>
#include <string.h>

#include "bytes.h"
#include "leaves.h"
#include "problem.h"
#include "segments.h"

#define KEY_HEAD 5
#define HEAD 18
#define LENGTH 6
/* Places for segments and indices remain in the log's table. */
#define DOCUMENT_LIMIT 60000
/* Deletions in one go. */
#define ABANDONED_PART 32

enum { GONE = 0xffff, ABANDONED = 0xfffe };

struct entry {
  /* Hash of its key in the log. */
  uint32_t number, hash;
  /* Slot in the catalog, or GONE, or ABANDONED: it is in the log, but its index is gone. */
  uint16_t index;
};

static struct log *store;
/* Sorted by number. */
static struct entry *entries;
static size_t entry_count, entry_capacity, gone_count, abandoned_count;
static uint32_t next_number = 1;
/* The next document has no room among the recent ones. */
static bool recent_full;
/* Why they could not be written as a segment, if they could not. */
static enum { WRITE_NO_PROBLEM, WRITE_NO_MEMORY, WRITE_NO_ROOM } write_problem;

/* --- the table -------------------------------------------------------------------------------------------- */

static bool reserve_entry(void) {
  if (entry_count < entry_capacity) return true;
  size_t capacity = entry_capacity ? entry_capacity + entry_capacity / 2 : 64;
  struct entry *grown = realloc(entries, capacity * sizeof *entries);
  if (!grown) return refuse_memory();
  entries = grown;
  entry_capacity = capacity;
  return true;
}

static void tidy_entries(void) {
  if (gone_count < 64 || gone_count < entry_count / 2) return;
  size_t kept = 0;
  for (size_t i = 0; i < entry_count; i++) {
    if (entries[i].index != GONE) entries[kept++] = entries[i];
  }
  entry_count = kept;
  gone_count = 0;
}

/* The first entry from `from` on with that number or a higher one. */
static size_t seek(size_t from, uint32_t number) {
  size_t step = 1, low = from, high = from;
  while (high < entry_count && entries[high].number < number) {
    low = high + 1;
    high += step;
    step *= 2;
  }
  if (high > entry_count) high = entry_count;
  while (low < high) {
    size_t middle = (low + high) / 2;
    if (entries[middle].number < number) low = middle + 1;
    else high = middle;
  }
  return low;
}

bool documents_have(uint32_t number, size_t *place) {
  *place = seek(*place, number);
  return *place < entry_count && entries[*place].number == number && entries[*place].index < ABANDONED;
}

bool documents_each(const struct index *index, bool (*visit)(void *context, uint32_t number), void *context) {
  size_t slot = catalog_slot(index);
  for (size_t i = 0; i < entry_count; i++) {
    if (entries[i].index == slot && !visit(context, entries[i].number)) return false;
  }
  return true;
}

size_t documents_count(void) { return entry_count - gone_count - abandoned_count; }

static void mark_gone(uint32_t number) {
  size_t i = seek(0, number);
  if (i == entry_count || entries[i].number != number) return;
  if (entries[i].index == ABANDONED) abandoned_count--;
  entries[i].index = GONE;
  gone_count++;
}

void documents_abandon(size_t slot) {
  for (size_t i = 0; i < entry_count; i++) {
    if (entries[i].index != slot) continue;
    entries[i].index = ABANDONED;
    abandoned_count++;
  }
}

/* --- records ---------------------------------------------------------------------------------------------- */

static struct text key_of(char key[LOG_KEY_LIMIT], uint32_t index, struct text identifier) {
  key[0] = 'd';
  put_u32(key + 1, index);
  memcpy(key + KEY_HEAD, identifier.bytes, identifier.length);
  return (struct text){key, KEY_HEAD + identifier.length};
}

static bool read_document(struct index *index, struct text key, const struct log_found *found, struct document *d) {
  uint8_t head[HEAD];
  if (found->value_length < HEAD || !log_read_value(store, found, 0, head, HEAD)) return false;
  d->index = index;
  d->found = *found;
  d->number = get_u32(head);
  d->version = get_u32(head + 4);
  d->seq_no = (uint64_t)get_u32(head + 8) << 32 | get_u32(head + 12);
  d->length_count = get_u16(head + 16);
  if (found->value_length < HEAD + d->length_count * (uint32_t)LENGTH) return false;
  d->source_length = found->value_length - HEAD - d->length_count * (uint32_t)LENGTH;
  d->identifier = (struct text){d->identifier_bytes, key.length - KEY_HEAD};
  memcpy(d->identifier_bytes, key.bytes + KEY_HEAD, d->identifier.length);
  return true;
}

bool documents_find(struct index *index, struct text identifier, struct document *d) {
  char bytes[LOG_KEY_LIMIT];
  struct log_found found;
  struct text key = key_of(bytes, index->id, identifier);
  return log_find(store, key, &found) == LOG_OK && read_document(index, key, &found, d);
}

struct by_number {
  uint32_t number;
  struct index *index;
  struct document *document;
  /* Filled in when it is found. */
  char key[LOG_KEY_LIMIT];
  size_t key_length;
};

static bool has_number(void *context, struct text key, const struct log_found *found) {
  struct by_number *wanted = context;
  bool named = key.bytes[0] == 'd' && key.length > KEY_HEAD && key.length <= KEY_HEAD + IDENTIFIER_LIMIT;
  if (!named || !read_document(wanted->index, key, found, wanted->document)) return false;
  memcpy(wanted->key, key.bytes, key.length);
  wanted->key_length = key.length;
  return wanted->document->number == wanted->number;
}

static bool find_entry_document(const struct entry *entry, struct document *d) {
  struct by_number wanted = {.number = entry->number, .index = catalog_at(entry->index), .document = d};
  return log_find_hashed(store, entry->hash, has_number, &wanted) == LOG_OK;
}

bool documents_by_number(uint32_t number, struct document *d) {
  size_t place = 0;
  return documents_have(number, &place) && find_entry_document(&entries[place], d);
}

bool documents_read_source(const struct document *d, char *buffer) {
  return log_read_value(store, &d->found, d->found.value_length - d->source_length, buffer, d->source_length);
}

/* Adds what a document has to the figures of its index, or takes it away. */
static bool count_document(const struct document *d, bool there) {
  struct index *index = d->index;
  uint8_t length[LENGTH];
  for (uint32_t i = 0; i < d->length_count; i++) {
    if (!log_read_value(store, &d->found, HEAD + i * LENGTH, length, LENGTH)) return false;
    uint16_t code = get_u16(length);
    if (code / 2 >= index->field_count) return false;
    struct field_stats *stats = &index->fields[code / 2].stats[code % 2];
    uint64_t words = get_u32(length + 2);
    stats->documents += there ? 1 : (uint32_t)-1;
    stats->length += there ? words : 0 - words;
  }
  uint64_t bytes = log_record_size(d->found.key_length, d->found.value_length);
  index->documents += there ? 1 : (uint32_t)-1;
  index->bytes += there ? bytes : 0 - bytes;
  return true;
}

/* --- taking words in -------------------------------------------------------------------------------------- */

struct intake {
  struct index *index;
  uint32_t number;
  uint32_t lengths[FIELD_LIMIT * 2];
  /* Of recent.h. */
  size_t need;
};

static bool count_word(void *context, uint16_t code, struct text word) {
  struct intake *in = context;
  if (code % 2) in->lengths[code] = 1;
  else in->lengths[code]++;
  in->need += recent_need(TERM_PREFIX + word.length);
  return true;
}

static bool count_leaf(void *context, struct text path, struct json_value value) {
  struct intake *in = context;
  int number = catalog_field(in->index, path);
  if (number < 0) {
    enum field_type type = FIELD_BOOLEAN;
    if (value.type == JSON_STRING) type = FIELD_TEXT;
    else if (value.type == JSON_NUMBER) type = FIELD_NUMBER;
    number = catalog_add_field(in->index, path, type);
    if (number < 0) return false;
  }
  return leaf_words(in->index->fields[number].type, (uint16_t)number, value, count_word, in);
}

static bool add_word(void *context, uint16_t code, struct text word) {
  const struct intake *in = context;
  char term[TERM_LIMIT];
  put_u32(term, in->index->id);
  put_u16(term + 4, code);
  memcpy(term + TERM_PREFIX, word.bytes, word.length);
  recent_add((struct text){term, TERM_PREFIX + word.length}, in->number, in->lengths[code]);
  return true;
}

static bool add_leaf(void *context, struct text path, struct json_value value) {
  struct intake *in = context;
  int number = catalog_field(in->index, path);
  return number >= 0 && leaf_words(in->index->fields[number].type, (uint16_t)number, value, add_word, in);
}

/* --- changes ---------------------------------------------------------------------------------------------- */

/* So that a segment is small beside a small disk, and does not take long to write. */
static size_t recent_enough(void) {
  uint64_t part = log_capacity(store) / 8;
  return part < RECENT_LIMIT / 4 ? (size_t)part : RECENT_LIMIT / 4;
}

/* Whether there is room for a document, its words, and for them to be written and merged. */
static enum outcome admit(const struct intake *in, uint64_t size, uint64_t old_size) {
  if (in->need > RECENT_LIMIT - 4096) {
    refuse(413, "illegal_argument_exception", "The document has too many words and values: at most about 20000");
    return DOCUMENT_REFUSED;
  }
  if (documents_count() >= DOCUMENT_LIMIT && old_size == 0) {
    refuse(507, "cluster_block_exception", "There are %u documents already, and no more fit", (uint32_t)DOCUMENT_LIMIT);
    return DOCUMENT_REFUSED;
  }
  recent_full = recent_used() + in->need > RECENT_LIMIT - 4096;
  if (recent_full || recent_used() > recent_enough()) {
    if (!write_problem && !(segments_crowded() && segments.stuck)) return DOCUMENT_LATER;
    if (write_problem == WRITE_NO_MEMORY) refuse_memory();
    else refuse_status(LOG_FULL);
    write_problem = WRITE_NO_PROBLEM;
    return DOCUMENT_REFUSED;
  }
  uint64_t words = 2 * (recent_used() + in->need) + segments.bytes;
  if (store->live_bytes - old_size + size + words > log_capacity(store)) {
    if (abandoned_count > 0 || segments_tidying()) return DOCUMENT_LATER;
    refuse_status(LOG_FULL);
    return DOCUMENT_REFUSED;
  }
  enum log_status status = log_ready(store, size);
  if (status == LOG_OK) return DOCUMENT_CREATED;
  if (status == LOG_BUSY) return DOCUMENT_LATER;
  refuse_status(status);
  return DOCUMENT_REFUSED;
}

static uint8_t record[LOG_VALUE_LIMIT];

static struct text build_record(const struct intake *in, const struct change *change, struct text source) {
  uint8_t *at = record + HEAD;
  put_u32(record, in->number);
  put_u32(record + 4, change->version);
  put_u32(record + 8, (uint32_t)(change->seq_no >> 32));
  put_u32(record + 12, (uint32_t)change->seq_no);
  uint16_t count = 0;
  for (uint16_t code = 0; code < in->index->field_count * 2; code++) {
    if (!in->lengths[code]) continue;
    put_u16(at, code);
    put_u32(at + 2, in->lengths[code]);
    at += LENGTH;
    count++;
  }
  put_u16(record + 16, count);
  memcpy(at, source.bytes, source.length);
  return (struct text){(const char *)record, (size_t)(at - record) + source.length};
}

static bool is_good_identifier(struct text identifier) {
  if (identifier.length > 0 && identifier.length <= IDENTIFIER_LIMIT) return true;
  return refuse_argument("id is too long, must be no longer than %u bytes but was: %u",
                (uint32_t)IDENTIFIER_LIMIT, (uint32_t)identifier.length);
}

static void add_document(struct index *index, struct text key, uint32_t number) {
  static struct document made;
  struct log_found found;
  if (log_find(store, key, &found) == LOG_OK && read_document(index, key, &found, &made)) count_document(&made, true);
  entries[entry_count++] = (struct entry){number, log_hash(key), (uint16_t)catalog_slot(index)};
}

struct change documents_put(struct index *index, struct text identifier, struct text source, bool fresh) {
  static struct intake in;
  static struct document old;
  struct change change = {.outcome = DOCUMENT_REFUSED};
  char bytes[LOG_KEY_LIMIT];
  if (!is_good_identifier(identifier)) return change;
  bool exists = documents_find(index, identifier, &old);
  if (exists && fresh) {
    refuse(409, "version_conflict_engine_exception",
           "[%t]: version conflict, document already exists (current version [%u])",
           identifier, old.version);
    return change;
  }
  in = (struct intake){.index = index, .number = next_number};
  if (!leaves_visit(json_root(source), count_leaf, &in) || !reserve_entry()) return change;
  struct text key = key_of(bytes, index->id, identifier);
  change.version = exists ? old.version + 1 : 1;
  change.seq_no = index->next_seq_no;
  struct text value = build_record(&in, &change, source);
  uint64_t size = log_record_size(key.length, value.length) + (index->unsaved ? catalog_record_size(index) : 0);
  enum outcome admitted = admit(&in, size, exists ? log_record_size(key.length, old.found.value_length) : 0);
  change.outcome = admitted;
  if (admitted != DOCUMENT_CREATED) return change;

  change.outcome = DOCUMENT_REFUSED;
  if (index->unsaved && !catalog_save(store, index)) return change;
  /* The log is changed: what is old is read for the last time. */
  exists = exists && documents_find(index, identifier, &old) && count_document(&old, false);
  enum log_status status = log_put(store, key, value);
  if (status != LOG_OK) {
    if (exists) count_document(&old, true);
    refuse_status(status);
    return change;
  }
  if (exists) mark_gone(old.number);
  add_document(index, key, in.number);
  next_number++;
  index->next_seq_no++;
  leaves_visit(json_root(source), add_leaf, &in);
  change.outcome = exists ? DOCUMENT_UPDATED : DOCUMENT_CREATED;
  return change;
}

struct change documents_delete(struct index *index, struct text identifier) {
  static struct document old;
  struct change change = {.outcome = DOCUMENT_REFUSED, .version = 1, .seq_no = index->next_seq_no};
  char bytes[LOG_KEY_LIMIT];
  if (!is_good_identifier(identifier)) return change;
  struct text key = key_of(bytes, index->id, identifier);
  enum log_status status = log_ready(store, log_record_size(key.length, 0));
  if (status == LOG_BUSY) change.outcome = DOCUMENT_LATER;
  if (status != LOG_OK) {
    refuse_status(status);
    return change;
  }
  change.outcome = DOCUMENT_MISSING;
  if (!documents_find(index, identifier, &old)) return change;
  count_document(&old, false);
  status = log_delete(store, key);
  if (status != LOG_OK) {
    change.outcome = DOCUMENT_REFUSED;
    refuse_status(status);
    return change;
  }
  mark_gone(old.number);
  index->next_seq_no++;
  tidy_entries();
  segments.stuck = false;
  change.version = old.version + 1;
  change.outcome = DOCUMENT_DELETED;
  return change;
}

/* --- the start -------------------------------------------------------------------------------------------- */

const char *documents_load(struct log *log, struct text key, const struct log_found *found) {
  static struct document d;
  store = log;
  if (key.length <= KEY_HEAD || key.length > KEY_HEAD + IDENTIFIER_LIMIT) return "A document's key is none";
  uint32_t id = get_u32(key.bytes + 1);
  struct index *index = catalog_find_id(id);
  if (id >= catalog_next_id) catalog_next_id = id + 1;
  if (!read_document(index, key, found, &d)) return "A document's record is none";
  if (!reserve_entry()) return "There is no memory for the documents";
  if (index && !count_document(&d, true)) return "A document has fields that its index has not";
  if (index && d.seq_no >= index->next_seq_no) index->next_seq_no = d.seq_no + 1;
  if (!index) abandoned_count++;
  entries[entry_count++] = (struct entry){d.number, log_hash(key), index ? (uint16_t)catalog_slot(index) : ABANDONED};
  if (d.number >= next_number) next_number = d.number + 1;
  return NULL;
}

static int compare_entries(const void *a, const void *b) {
  uint32_t left = ((const struct entry *)a)->number, right = ((const struct entry *)b)->number;
  return (left > right) - (left < right);
}

/* Takes the words of a document in again that came after the last segment. */
static bool take_in(const struct entry *entry) {
  static struct intake in;
  static struct document d;
  static char source[LOG_VALUE_LIMIT];
  if (!find_entry_document(entry, &d) || !documents_read_source(&d, source)) return false;
  in = (struct intake){.index = d.index, .number = d.number};
  struct json_value root = json_root((struct text){source, d.source_length});
  if (!leaves_visit(root, count_leaf, &in) || recent_used() + in.need > RECENT_LIMIT) return false;
  return leaves_visit(root, add_leaf, &in);
}

const char *documents_open(struct log *log, size_t *recent) {
  store = log;
  if (segments.covered >= next_number) next_number = segments.covered + 1;
  if (entry_count > 0) qsort(entries, entry_count, sizeof *entries, compare_entries);
  *recent = 0;
  for (size_t i = seek(0, segments.covered + 1); i < entry_count; i++) {
    if (entries[i].index == ABANDONED) continue;
    if (!take_in(&entries[i])) return "A document cannot be taken in again";
    ++*recent;
  }
  return NULL;
}

/* --- the background --------------------------------------------------------------------------------------- */

static bool delete_abandoned(void) {
  static struct document d;
  size_t deleted = 0;
  for (size_t i = 0; i < entry_count && abandoned_count > 0 && deleted < ABANDONED_PART; i++) {
    if (entries[i].index != ABANDONED) continue;
    if (log_ready(store, log_record_size(LOG_KEY_LIMIT, 0)) != LOG_OK) break;
    struct by_number wanted = {.number = entries[i].number, .document = &d};
    if (log_find_hashed(store, entries[i].hash, has_number, &wanted) == LOG_OK) {
      log_delete(store, (struct text){wanted.key, wanted.key_length});
    }
    mark_gone(entries[i].number);
    deleted++;
  }
  if (deleted > 0) tidy_entries();
  if (deleted > 0) segments.stuck = false;
  return deleted > 0;
}

/* False when it has to wait, or there is no room for it. */
static bool write_recent(void) {
  if (segments_crowded() || (!recent_full && recent_used() <= recent_enough())) return false;
  enum log_status status = log_ready(store, segments_write_size());
  if (status == LOG_FULL) write_problem = WRITE_NO_ROOM;
  if (status != LOG_OK) return false;
  if (segments_write(next_number - 1) != LOG_OK) {
    write_problem = WRITE_NO_MEMORY;
    return false;
  }
  recent_full = false;
  write_problem = WRITE_NO_PROBLEM;
  return true;
}

bool documents_work(void) {
  if (store->failed) return false;
  return write_recent() || delete_abandoned() || segments_work();
}
