/*
 * One life of search's store on a disk that is a file: looks at what there is, changes things, and is cut off. Usage:
 * search_crash FILE SEED CHANGES. Prints "has ID TEXT" for what it finds, "put ID TEXT" and "delete ID" for what it
 * changes, and "durable N" when the first N changes of this life are. What it has indexed is compared with the documents
 * themselves at the beginning and at the end.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../search/bytes.h"
#include "../search/documents.h"
#include "../search/leaves.h"
#include "../search/problem.h"
#include "../search/recent.h"
#include "../search/segments.h"

#define BLOCK 512
#define BLOCKS 512
#define IDS 60
#define WORDS 40
#define MAX_WRITES 4096
#define MAX_CHANGES 4096

struct write {
  uint32_t block;
  uint8_t bytes[BLOCK];
};

static uint8_t now[BLOCKS * BLOCK], safe[BLOCKS * BLOCK];
static struct write writes[MAX_WRITES];
static size_t write_count, flushes[MAX_WRITES];
static uint64_t first_ticket = 1, next_ticket = 1;
static uint32_t random_state;
static struct log store;
static uint64_t sequences[MAX_CHANGES];
static size_t change_count, durable_count;

static uint32_t rnd(uint32_t below) {
  random_state ^= random_state << 13;
  random_state ^= random_state >> 17;
  random_state ^= random_state << 5;
  return random_state % below;
}

static void die(const char *what) {
  printf("%s: %s\n", what, problem.reason);
  exit(1);
}

static bool read_block(void *context, uint64_t offset, uint8_t *block) {
  (void)context;
  memcpy(block, now + offset, BLOCK);
  return true;
}

static bool write_block(void *context, uint64_t offset, const uint8_t *block) {
  (void)context;
  if (write_count == MAX_WRITES) die("too many writes");
  memcpy(now + offset, block, BLOCK);
  writes[write_count].block = (uint32_t)(offset / BLOCK);
  memcpy(writes[write_count++].bytes, block, BLOCK);
  return true;
}

static bool flush(void *context, uint64_t *ticket) {
  (void)context;
  *ticket = next_ticket++;
  flushes[*ticket % MAX_WRITES] = write_count;
  return true;
}

static void apply(const struct write *write) { memcpy(safe + write->block * BLOCK, write->bytes, BLOCK); }

/* The oldest flush is over. */
static void complete(void) {
  if (first_ticket == next_ticket) return;
  size_t count = flushes[first_ticket % MAX_WRITES];
  for (size_t i = 0; i < count; i++) apply(&writes[i]);
  memmove(writes, writes + count, (write_count - count) * sizeof writes[0]);
  write_count -= count;
  for (uint64_t t = first_ticket + 1; t < next_ticket; t++) flushes[t % MAX_WRITES] -= count;
  log_flushed(&store, first_ticket++);
  while (durable_count < change_count && sequences[durable_count] <= store.durable) durable_count++;
  printf("durable %zu\n", durable_count);
}

/* --- what there is ------------------------------------------------------------------------------------------ */

static bool load_first(void *context, struct text key, const struct log_found *found) {
  (void)context;
  static uint8_t value[LOG_VALUE_LIMIT];
  if (key.bytes[0] != 'i' && key.bytes[0] != 'm') return true;
  if (!log_read_value(&store, found, 0, value, found->value_length)) die("a value cannot be read");
  bool good = key.bytes[0] == 'i'
      ? catalog_load((struct text){key.bytes + 1, key.length - 1}, value, found->value_length)
                                  : segments_load_manifest(value, found->value_length);
  if (!good) die("a record is none");
  return true;
}

static bool load_second(void *context, struct text key, const struct log_found *found) {
  (void)context;
  if (key.bytes[0] == 's') segments_load_chunk(key);
  const char *wrong = key.bytes[0] == 'd' ? documents_load(&store, key, found) : NULL;
  if (wrong) die(wrong);
  return true;
}

static struct index *open_index(void) {
  size_t recent;
  segments.log = &store;
  log_each(&store, load_first, NULL);
  log_each(&store, load_second, NULL);
  const char *wrong = segments_open();
  if (!wrong) wrong = documents_open(&store, &recent);
  if (wrong) die(wrong);
  struct index *index = catalog_find(TEXT("books"));
  if (!index) index = catalog_create(TEXT("books"), "abcdefghijklmnopqrstuv");
  return index;
}

/* How often each word is in each document, counted anew. */
struct expected {
  uint32_t number, length, frequency[WORDS];
};
static struct expected expected[IDS];
static size_t expected_count;

static void expect_document(const struct index *index, size_t id, bool tell) {
  static struct document d;
  static char source[LOG_VALUE_LIMIT];
  char name[16];
  struct text identifier = {name, (size_t)snprintf(name, sizeof name, "%zu", id)};
  if (!documents_find((struct index *)index, identifier, &d)) return;
  if (!documents_read_source(&d, source)) die("a document cannot be read");
  struct expected *e = &expected[expected_count++];
  *e = (struct expected){.number = d.number};
  struct text rest = {source, d.source_length};
  if (tell) printf("has %zu %.*s\n", id, (int)rest.length, rest.bytes);
  text_split(&rest, ':');
  rest = (struct text){rest.bytes + 1, rest.length - 3};
  while (rest.length > 0) {
    struct text word = text_word(&rest);
    if (word.length == 0) break;
    e->frequency[atoi(word.bytes + 1)]++;
    e->length++;
  }
}

struct posting_check {
  size_t seen, place;
  uint32_t last;
  int word;
};

static bool check_posting(void *context, uint32_t document, uint32_t frequency, uint32_t length) {
  struct posting_check *check = context;
  if (!documents_have(document, &check->place)) return true;
  if (document <= check->last) die("postings are out of order");
  check->last = document;
  for (size_t i = 0; i < expected_count; i++) {
    if (expected[i].number != document) continue;
    if (expected[i].frequency[check->word] != frequency || expected[i].length != length) die("a posting is wrong");
    check->seen++;
    return true;
  }
  die("a posting of no document");
  return false;
}

static void check_index(const struct index *index, bool tell) {
  expected_count = 0;
  for (size_t id = 0; id < IDS; id++) expect_document(index, id, tell);
  if (index->documents != expected_count || documents_count() != expected_count) die("documents are counted wrong");
  for (int word = 0; word < WORDS && index->field_count > 0; word++) {
    struct posting_check check = {.word = word};
    char term[TERM_LIMIT];
    size_t wanted = 0;
    put_u32(term, index->id);
    put_u16(term + 4, FIELD_CODE(0, 0));
    struct text key = {term, TERM_PREFIX + (size_t)snprintf(term + TERM_PREFIX, 16, "w%d", word)};
    if (!segments_visit(key, check_posting, &check) ||
        !recent_visit(key, check_posting, &check)) die("the index cannot be read");
    for (size_t i = 0; i < expected_count; i++) wanted += expected[i].frequency[word] > 0;
    if (check.seen != wanted) die("a posting is missing");
  }
}

/* --- changes ------------------------------------------------------------------------------------------------- */

static enum outcome put(struct index *index, size_t id) {
  char name[16], source[2048];
  struct text identifier = {name, (size_t)snprintf(name, sizeof name, "%zu", id)};
  size_t length = (size_t)sprintf(source, "{\"t\":\"");
  for (uint32_t words = rnd(rnd(4) ? 20 : 200); words > 0; words--) length += (size_t)sprintf(source + length, "w%u ",
                                                                                              rnd(WORDS));
  length += (size_t)sprintf(source + length, "\"}");
  struct change change = documents_put(index, identifier, (struct text){source, length}, false);
  if (change.outcome == DOCUMENT_REFUSED && problem.status != 507) die("a change was refused");
  if (change.outcome == DOCUMENT_CREATED || change.outcome == DOCUMENT_UPDATED) printf("put %zu %s\n", id, source);
  return change.outcome;
}

static enum outcome delete(struct index *index, size_t id) {
  char name[16];
  struct text identifier = {name, (size_t)snprintf(name, sizeof name, "%zu", id)};
  struct change change = documents_delete(index, identifier);
  if (change.outcome == DOCUMENT_REFUSED) die("a deletion was refused");
  if (change.outcome == DOCUMENT_DELETED) printf("delete %zu\n", id);
  return change.outcome;
}

static void change(struct index *index) {
  size_t id = rnd(IDS);
  bool deletes = rnd(4) == 0;
  for (int tries = 0;; tries++) {
    enum outcome outcome = deletes ? delete(index, id) : put(index, id);
    if (outcome < DOCUMENT_MISSING) sequences[change_count++] = store.sequence;
    if (outcome != DOCUMENT_LATER) return;
    if (tries > 1000) die("it waits for ever");
    while (documents_work()) continue;
    log_commit(&store);
    complete();
  }
}

/* What is left of the disk: all that is durable, and any of the rest. */
static void cut_off(const char *file) {
  for (size_t i = 0; i < write_count; i++) {
    if (rnd(2)) apply(&writes[i]);
  }
  FILE *image = fopen(file, "wb");
  if (!image || fwrite(safe, 1, sizeof safe, image) != sizeof safe ||
      fclose(image) != 0) die("the disk cannot be written");
}

int main(int argc, char **argv) {
  if (argc != 4) die("search_crash FILE SEED CHANGES");
  random_state = (uint32_t)atoi(argv[2]) * 2654435761u + 1;
  FILE *image = fopen(argv[1], "rb");
  if (image && fread(now, 1, sizeof now, image) != sizeof now) die("the disk cannot be read");
  if (image) fclose(image);
  memcpy(safe, now, sizeof safe);
  struct log_device device = {NULL, sizeof now, BLOCK, 192 * BLOCK, rnd(1u << 31), read_block, write_block, flush};
  const char *wrong = log_open(&store, &device);
  if (wrong) die(wrong);
  struct index *index = open_index();
  check_index(index, true);
  for (int i = atoi(argv[3]); i > 0; i--) {
    change(index);
    if (rnd(3) == 0) documents_work();
    if (rnd(2)) log_commit(&store);
    if (rnd(2)) complete();
    if (i % 64 == 0) check_index(index, false);
  }
  check_index(index, false);
  printf("segments %zu\n", segments.count);
  cut_off(argv[1]);
  return 0;
}
