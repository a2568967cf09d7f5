/* The table of a log's keys: open addressing by the key's hash. The keys themselves are on the device. */
#include "index.h"

#include <stdlib.h>
#include <string.h>

#define FIRST_CAPACITY 64

static size_t slot_of(const struct log *log, uint32_t hash) { return hash & (log->capacity - 1); }

static void insert(struct log *log, struct log_entry entry) {
  size_t i = slot_of(log, entry.hash);
  while (log->entries[i].at) i = (i + 1) & (log->capacity - 1);
  log->entries[i] = entry;
}

static bool grow(struct log *log) {
  size_t capacity = log->capacity ? log->capacity * 2 : FIRST_CAPACITY;
  struct log_entry *old = log->entries;
  size_t old_capacity = log->capacity;
  struct log_entry *entries = calloc(capacity, sizeof *entries);
  if (!entries) return false;
  log->entries = entries;
  log->capacity = capacity;
  for (size_t i = 0; i < old_capacity; i++) {
    if (old[i].at) insert(log, old[i]);
  }
  free(old);
  return true;
}

bool index_reserve(struct log *log) {
  if (log->count >= LOG_ENTRY_LIMIT) return false;
  return log->count < log->capacity / 4 * 3 || grow(log);
}

void index_add(struct log *log, struct log_entry entry) {
  insert(log, entry);
  log->count++;
  log->live_bytes += entry.size;
}

struct log_entry *index_next(struct log *log, uint32_t hash, struct log_entry *after) {
  if (log->capacity == 0) return NULL;
  size_t mask = log->capacity - 1;
  size_t i = after ? ((size_t)(after - log->entries) + 1) & mask : slot_of(log, hash);
  for (; log->entries[i].at; i = (i + 1) & mask) {
    if (log->entries[i].hash == hash) return &log->entries[i];
  }
  return NULL;
}

/* Moves what follows back, so that no search ends too early (Knuth, volume 3, algorithm 6.4R). */
void index_remove(struct log *log, struct log_entry *entry) {
  size_t mask = log->capacity - 1, hole = (size_t)(entry - log->entries);
  log->live_bytes -= entry->size;
  log->count--;
  for (size_t i = (hole + 1) & mask; log->entries[i].at; i = (i + 1) & mask) {
    size_t home = slot_of(log, log->entries[i].hash);
    if (((i - home) & mask) < ((i - hole) & mask)) continue;
    log->entries[hole] = log->entries[i];
    hole = i;
  }
  log->entries[hole] = (struct log_entry){0};
}
