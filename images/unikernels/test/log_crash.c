/*
 * Cuts the store off after every change, in every order in which the device may have done what it was not yet asked to
 * make durable, and looks at what is found then. Usage: log_crash SEED CHANGES; prints how many ends were looked at.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../store/log.h"

#define BLOCK 512
#define BLOCKS 42
/* So little that an area is copied in several steps. */
#define BACKLOG (8 * BLOCK)
#define KEYS 6
#define MAX_WRITES 512
#define MAX_HISTORY 4096
/* Up to so many writes every subset is tried, of more a sample. */
#define ALL_SUBSETS 7
#define SAMPLE 96

struct write {
  uint32_t block;
  uint8_t bytes[BLOCK];
};

struct device {
  uint8_t now[BLOCKS * BLOCK];
  /* What is durable, and what was written since. */
  uint8_t safe[BLOCKS * BLOCK];
  struct write writes[MAX_WRITES];
  size_t write_count;
  /* For each flush that is not over, how many writes are before it. */
  size_t flushes[MAX_WRITES];
  uint64_t first_ticket, next_ticket;
};

struct change {
  uint64_t sequence;
  bool deleted;
  size_t length;
  uint8_t bytes[1600];
};

static struct change history[KEYS][MAX_HISTORY];
static size_t history_length[KEYS];
static uint32_t random_state;

static uint32_t rnd(uint32_t below) {
  random_state ^= random_state << 13;
  random_state ^= random_state >> 17;
  random_state ^= random_state << 5;
  return random_state % below;
}

static void die(const char *what) {
  printf("%s\n", what);
  exit(1);
}

static bool read_block(void *context, uint64_t offset, uint8_t *block) {
  struct device *d = context;
  memcpy(block, d->now + offset, BLOCK);
  return true;
}

static bool write_block(void *context, uint64_t offset, const uint8_t *block) {
  struct device *d = context;
  if (offset % BLOCK || offset >= sizeof d->now || d->write_count == MAX_WRITES) die("bad write");
  memcpy(d->now + offset, block, BLOCK);
  struct write *write = &d->writes[d->write_count++];
  write->block = (uint32_t)(offset / BLOCK);
  memcpy(write->bytes, block, BLOCK);
  return true;
}

static bool flush(void *context, uint64_t *ticket) {
  struct device *d = context;
  *ticket = d->next_ticket++;
  d->flushes[(*ticket - 1) % MAX_WRITES] = d->write_count;
  return true;
}

/* The oldest flush is over. */
static void complete(struct device *d) {
  uint64_t ticket = d->first_ticket++;
  size_t count = d->flushes[(ticket - 1) % MAX_WRITES];
  for (size_t i = 0; i < count; i++) memcpy(d->safe + d->writes[i].block * BLOCK, d->writes[i].bytes, BLOCK);
  memmove(d->writes, d->writes + count, (d->write_count - count) * sizeof *d->writes);
  d->write_count -= count;
  for (uint64_t t = d->first_ticket; t < d->next_ticket; t++) d->flushes[(t - 1) % MAX_WRITES] -= count;
}

static struct log_device device_of(struct device *d) {
  return (struct log_device){d, sizeof d->now, BLOCK, BACKLOG, rnd(1u << 31), read_block, write_block, flush};
}

static struct text key_of(size_t key, char name[16]) {
  return (struct text){name, (size_t)snprintf(name, 16, "key-%zu", key)};
}

/* The index in its history of what a key has in a log; dies when it has what it never had. -1: it was never there. */
static long state_of(struct log *log, size_t key) {
  static uint8_t value[LOG_VALUE_LIMIT];
  char name[16];
  struct log_found found;
  enum log_status status = log_find(log, key_of(key, name), &found);
  if (status == LOG_FAILED) die("the log failed");
  if (status == LOG_OK && !log_read_value(log, &found, 0, value, found.value_length)) die("a value cannot be read");
  for (long i = (long)history_length[key] - 1; i >= 0; i--) {
    const struct change *change = &history[key][i];
    if (status == LOG_NOT_FOUND ? change->deleted
                                : !change->deleted && change->length == found.value_length &&
                                      memcmp(change->bytes, value, change->length) == 0) {
      return i;
    }
  }
  if (status == LOG_OK) die("a value that was never put");
  return -1;
}

/* Nothing older than what was called durable may be found. */
static void check(struct log *log, uint64_t durable) {
  size_t found = 0;
  for (size_t key = 0; key < KEYS; key++) {
    long state = state_of(log, key);
    for (long i = (long)history_length[key] - 1; i > state; i--) {
      if (history[key][i].sequence <= durable) die("something durable was lost");
    }
    found += state >= 0 && !history[key][state].deleted;
  }
  if (log->count != found) die("a key that was never put");
}

/* A device after it was cut off with some of its writes done: each, or, torn, the first half of each. */
static void cut(const struct device *from, struct device *to, uint64_t which, bool torn) {
  memcpy(to->safe, from->safe, sizeof to->safe);
  for (size_t i = 0; i < from->write_count; i++) {
    bool done = i < 64 && which >> i & 1;
    if (done) memcpy(to->safe + from->writes[i].block * BLOCK, from->writes[i].bytes, BLOCK);
    else if (torn) memcpy(to->safe + from->writes[i].block * BLOCK, from->writes[i].bytes, BLOCK / 2);
  }
  memcpy(to->now, to->safe, sizeof to->now);
  to->write_count = 0;
  to->first_ticket = to->next_ticket = 1;
}

/* Opens what is left; then goes on, is cut off once more, and nothing may come back that was gone. */
static void look(const struct device *d, uint64_t which, bool torn, uint64_t durable) {
  static struct device left;
  struct log log;
  cut(d, &left, which, torn);
  struct log_device device = device_of(&left);
  const char *problem = log_open(&log, &device);
  if (problem) die(problem);
  check(&log, durable);
  long before[KEYS];
  for (size_t key = 0; key < KEYS; key++) before[key] = state_of(&log, key);
  char name[16];
  size_t changed = rnd(KEYS);
  enum log_status status;
  while ((status = log_put(&log, key_of(changed, name), TEXT("after"))) == LOG_BUSY) {
    log_commit(&log);
    if (left.first_ticket == left.next_ticket) die("busy with nothing to wait for");
    complete(&left);
    log_flushed(&log, left.first_ticket - 1);
  }
  if (status != LOG_OK) die("no change is taken any more");
  log_commit(&log);
  while (left.first_ticket < left.next_ticket) {
    complete(&left);
    log_flushed(&log, left.first_ticket - 1);
  }
  if (log.durable != log.sequence) die("a change did not become durable");
  log_close(&log);
  memcpy(left.now, left.safe, sizeof left.now);
  device = device_of(&left);
  if (log_open(&log, &device)) die("it does not open a second time");
  for (size_t key = 0; key < KEYS; key++) {
    struct log_found found;
    if (key != changed && state_of(&log, key) != before[key]) die("something came back that was gone");
    if (key == changed && (log_find(&log, key_of(key, name), &found) != LOG_OK || found.value_length != 5)) die("a change was lost");
  }
  log_close(&log);
}

static size_t look_at_all(const struct device *d, uint64_t durable) {
  size_t n = d->write_count, looks = 0;
  if (n <= ALL_SUBSETS) {
    for (uint64_t which = 0; which < 1ull << n; which++) look(d, which, false, durable), looks++;
  } else {
    for (size_t i = 0; i < SAMPLE; i++) look(d, (uint64_t)rnd(1u << 31) << 31 | rnd(1u << 31), false, durable), looks++;
    for (size_t i = 0; i <= n && i < 64; i++) look(d, (1ull << i) - 1, false, durable), looks++;
  }
  look(d, 0, true, durable);
  return looks + 1;
}

static void remember(size_t key, uint64_t sequence, bool deleted, const uint8_t *bytes, size_t length) {
  if (history_length[key] == MAX_HISTORY) die("history is full");
  struct change *change = &history[key][history_length[key]++];
  *change = (struct change){.sequence = sequence, .deleted = deleted, .length = length};
  memcpy(change->bytes, bytes, length);
}

static void change(struct log *log) {
  static uint8_t value[1600];
  char name[16];
  size_t key = rnd(KEYS), length = rnd(4) ? rnd(300) : rnd(1500);
  bool deletes = rnd(5) == 0;
  for (size_t i = 0; i < length; i++) value[i] = (uint8_t)rnd(256);
  enum log_status status = deletes ? log_delete(log, key_of(key, name))
                                   : log_put(log, key_of(key, name), (struct text){(char *)value, length});
  if (status == LOG_FAILED) die("the log failed");
  if (status == LOG_OK) remember(key, log->sequence, deletes, value, deletes ? 0 : length);
}

int main(int argc, char **argv) {
  static struct device d = {.first_ticket = 1, .next_ticket = 1};
  random_state = argc > 1 ? (uint32_t)atoi(argv[1]) * 2654435761u + 1 : 1;
  int changes = argc > 2 ? atoi(argv[2]) : 200;
  struct log log;
  struct log_device device = device_of(&d);
  size_t looks = 0, copies = 0;
  if (log_open(&log, &device)) die("it does not open");
  for (int i = 0; i < changes; i++) {
    uint64_t generation = log.generation;
    change(&log);
    if (rnd(3)) log_commit(&log);
    copies += log.generation != generation;
    looks += look_at_all(&d, log.durable);
    while (d.first_ticket < d.next_ticket && rnd(2)) {
      complete(&d);
      log_flushed(&log, d.first_ticket - 1);
      looks += look_at_all(&d, log.durable);
    }
    check(&log, log.durable);
  }
  log_close(&log);
  printf("%zu ends, %zu copies\n", looks, copies);
  return 0;
}
