#include "log.h"

#include <stdlib.h>
#include <string.h>

#include "../libos/crc32c.h"
#include "index.h"

#define MAGIC "STRATAKV"
#define VERSION 1
#define SUPERBLOCKS 2
#define NO_BLOCK UINT64_MAX
/* What remains free of an area, as one part of so many, for deletions and for the next batches after a copy. */
#define RESERVE_PART 8
/* Bytes that are copied to another area in one go. */
#define COPY_PART (512 * 1024)

struct superblock {
  char magic[8];
  uint32_t crc, version;
  uint64_t generation, device_size;
  uint32_t block_size, area, seed, zero;
};

enum { RECORD_PUT = 1, RECORD_DELETE = 2 };

struct record {
  /* Of all that follows, on from the crc of the record before. */
  uint32_t crc, value_length;
  uint64_t sequence;
  /* Makes records that are written again after a restart differ from what was lost. */
  uint32_t salt;
  uint16_t key_length;
  uint8_t kind, zero;
};

uint32_t log_record_size(size_t key_length, size_t value_length) {
  return (uint32_t)(sizeof(struct record) + key_length + value_length + 7) & ~7u;
}

static uint32_t record_size(const struct record *record) {
  return log_record_size(record->key_length, record->value_length);
}

uint32_t log_hash(struct text key) { return crc32c(0x5bd1e995, key.bytes, key.length) * 0x9e3779b1u; }

static uint64_t round_up(const struct log *log, uint64_t offset) {
  uint64_t over = offset % log->device.block_size;
  return over ? offset + log->device.block_size - over : offset;
}

uint64_t log_capacity(const struct log *log) { return log->area_size - log->area_size / RESERVE_PART; }

/* --- blocks ------------------------------------------------------------------------------------------ */

static uint64_t area_offset(const struct log *log, uint32_t area, uint64_t offset) {
  return (uint64_t)SUPERBLOCKS * log->device.block_size + area * log->area_size + offset;
}

static bool fail(struct log *log) {
  log->failed = true;
  return false;
}

/* Whether the device takes so many bytes more before a flush is over: the block that is being filled among them. */
static bool device_takes(const struct log *log, uint64_t size) {
  return log->written - log->taken + size + log->device.block_size <= log->device.backlog;
}

static bool start_flush(struct log *log, uint64_t *ticket) {
  if (!log->device.flush(log->device.context, ticket)) return fail(log);
  size_t slot = (log->flush_first + log->flush_count++) % LOG_FLUSH_LIMIT;
  log->flushes[slot] = (struct log_flush){*ticket, log->written};
  return true;
}

static void end_flushes(struct log *log, uint64_t ticket) {
  while (log->flush_count > 0 && log->flushes[log->flush_first].ticket <= ticket) {
    log->taken = log->flushes[log->flush_first].written;
    log->flush_first = (log->flush_first + 1) % LOG_FLUSH_LIMIT;
    log->flush_count--;
  }
}

/* The block that holds an offset of the area; the one that is being filled may not be on the device yet. */
static const uint8_t *block_at(struct log *log, uint32_t area, uint64_t offset) {
  uint64_t start = offset - offset % log->device.block_size;
  uint64_t on_device = area_offset(log, area, start);
  if (area == log->area && log->tail % log->device.block_size &&
      start == log->tail - log->tail % log->device.block_size) {
    return log->block;
  }
  if (log->cached != on_device) {
    log->cached = NO_BLOCK;
    if (!log->device.read(log->device.context, on_device, log->cache)) return NULL;
    log->cached = on_device;
  }
  return log->cache;
}

static bool read_area(struct log *log, uint32_t area, uint64_t offset, void *buffer, size_t size) {
  uint8_t *to = buffer;
  while (size > 0) {
    const uint8_t *block = block_at(log, area, offset);
    if (!block) return fail(log);
    size_t in = offset % log->device.block_size, part = log->device.block_size - in;
    if (part > size) part = size;
    memcpy(to, block + in, part);
    to += part, offset += part, size -= part;
  }
  return true;
}

static bool write_block(struct log *log, uint64_t offset) {
  uint64_t on_device = area_offset(log, log->area, offset);
  if (log->cached == on_device) log->cached = NO_BLOCK;
  log->written += log->device.block_size;
  return log->device.write(log->device.context, on_device, log->block) || fail(log);
}

static bool append_bytes(struct log *log, const void *bytes, size_t size) {
  const uint8_t *from = bytes;
  while (size > 0) {
    size_t in = log->tail % log->device.block_size, part = log->device.block_size - in;
    if (part > size) part = size;
    if (from) memcpy(log->block + in, from, part);
    else memset(log->block + in, 0, part);
    log->tail += part, size -= part;
    if (from) from += part;
    if (log->tail % log->device.block_size == 0 && !write_block(log, log->tail - log->device.block_size)) return false;
  }
  return true;
}

/* Goes to the next block's start, with zeros. */
static bool append_padding(struct log *log) {
  return append_bytes(log, NULL, (size_t)(round_up(log, log->tail) - log->tail));
}

static uint32_t record_crc(uint32_t chain, const struct record *record, struct text key, struct text value) {
  uint32_t crc = crc32c(chain, &record->value_length, sizeof *record - sizeof record->crc);
  crc = crc32c(crc, key.bytes, key.length);
  return crc32c(crc, value.bytes, value.length);
}

static bool append_record(struct log *log, struct record *record, struct text key, struct text value) {
  record->crc = record_crc(log->chain, record, key, value);
  log->chain = record->crc;
  uint64_t end = log->tail + record_size(record);
  return append_bytes(log, record, sizeof *record) && append_bytes(log, key.bytes, key.length) &&
         append_bytes(log, value.bytes, value.length) && append_bytes(log, NULL, (size_t)(end - log->tail));
}

/* --- superblocks ------------------------------------------------------------------------------------- */

static uint32_t superblock_crc(const struct superblock *superblock) {
  struct superblock copy = *superblock;
  copy.crc = 0;
  return crc32c(0, &copy, sizeof copy);
}

static bool write_superblock(struct log *log, uint32_t seed) {
  struct superblock superblock = {.version = VERSION, .generation = log->generation, .device_size = log->device.size,
                                  .block_size = log->device.block_size, .area = log->area, .seed = seed};
  memcpy(superblock.magic, MAGIC, sizeof superblock.magic);
  superblock.crc = superblock_crc(&superblock);
  log->cached = NO_BLOCK;
  memset(log->cache, 0, log->device.block_size);
  memcpy(log->cache, &superblock, sizeof superblock);
  uint64_t offset = log->generation % SUPERBLOCKS * log->device.block_size;
  log->written += log->device.block_size;
  return log->device.write(log->device.context, offset, log->cache) || fail(log);
}

static bool is_zero(const uint8_t *bytes, size_t size) {
  for (size_t i = 0; i < size; i++) {
    if (bytes[i]) return false;
  }
  return true;
}

enum found { FOUND_ZERO, FOUND_VALID, FOUND_DAMAGED, FOUND_FOREIGN, FOUND_NOTHING };

static enum found read_superblock(struct log *log, uint32_t which, struct superblock *superblock) {
  if (!log->device.read(log->device.context, (uint64_t)which * log->device.block_size,
                        log->cache)) return FOUND_NOTHING;
  if (is_zero(log->cache, log->device.block_size)) return FOUND_ZERO;
  memcpy(superblock, log->cache, sizeof *superblock);
  if (memcmp(superblock->magic, MAGIC, sizeof superblock->magic) != 0) return FOUND_FOREIGN;
  bool valid = superblock->crc == superblock_crc(superblock) && superblock->version == VERSION;
  return valid ? FOUND_VALID : FOUND_DAMAGED;
}

/* --- reading a log ----------------------------------------------------------------------------------- */

static bool key_is(struct log *log, uint64_t at, const struct record *record, struct text key) {
  char bytes[LOG_KEY_LIMIT];
  return record->key_length == key.length && read_area(log, log->home, at + sizeof *record, bytes, key.length) &&
         memcmp(bytes, key.bytes, key.length) == 0;
}

static struct log_entry *find_entry(struct log *log, struct text key, struct record *record) {
  uint32_t hash = log_hash(key);
  for (struct log_entry *entry = index_next(log, hash, NULL); entry; entry = index_next(log, hash, entry)) {
    uint64_t at = (uint64_t)(entry->at - 1) * 8;
    if (!read_area(log, log->home, at, record, sizeof *record)) return NULL;
    if (key_is(log, at, record, key)) return entry;
  }
  return NULL;
}

static void apply_record(struct log *log, uint64_t at, const struct record *record, struct text key) {
  struct record old;
  struct log_entry *entry = find_entry(log, key, &old);
  if (entry) index_remove(log, entry);
  if (record->kind == RECORD_PUT) {
    index_add(log, (struct log_entry){log_hash(key), (uint32_t)(at / 8 + 1), record_size(record)});
  }
}

/* The record at an offset and its bytes, if it continues the chain. `body` has room for the longest. */
static bool read_record(struct log *log, uint64_t at, struct record *record, char *body) {
  if (at + sizeof *record > log->area_size || !read_area(log, log->home, at, record, sizeof *record)) return false;
  if (record->kind != RECORD_PUT && record->kind != RECORD_DELETE) return false;
  if (record->key_length == 0 || record->key_length > LOG_KEY_LIMIT ||
      record->value_length > LOG_VALUE_LIMIT) return false;
  if (at + record_size(record) > log->area_size) return false;
  size_t length = record->key_length + record->value_length;
  if (!read_area(log, log->home, at + sizeof *record, body, length)) return false;
  struct text key = {body, record->key_length}, value = {body + record->key_length, record->value_length};
  return record->crc == record_crc(log->chain, record, key, value);
}

static void end_reading(struct log *log) {
  free(log->body);
  log->body = NULL;
  log->reading = false;
  log->tail = round_up(log, log->read_to);
  log->durable = log->committed = log->sequence;
}

bool log_open_more(struct log *log, uint64_t size) {
  uint64_t end = log->read_to + size;
  struct record record;
  while (log->reading && !log->failed && log->read_to < end) {
    uint64_t at = log->read_to;
    if (!read_record(log, at, &record, log->body)) {
      if (log->failed) break;
      if (at == round_up(log, at)) end_reading(log);
      else log->read_to = round_up(log, at);
      continue;
    }
    if (!index_reserve(log)) fail(log);
    if (log->failed) break;
    apply_record(log, at, &record, (struct text){log->body, record.key_length});
    log->chain = record.crc;
    if (record.sequence > log->sequence) log->sequence = record.sequence;
    log->read_to += record_size(&record);
  }
  return log->reading && !log->failed;
}

static const char *mount(struct log *log, const struct superblock *superblock) {
  if (superblock->device_size != log->device.size || superblock->block_size != log->device.block_size ||
      superblock->area > 1) {
    return "The device has another size than when its log was made";
  }
  log->generation = superblock->generation;
  log->area = log->home = superblock->area;
  log->chain = superblock->seed;
  log->reading = true;
  log->body = malloc(LOG_KEY_LIMIT + LOG_VALUE_LIMIT);
  return log->body ? NULL : "There is no memory to read the log";
}

static const char *make_log(struct log *log) {
  log->chain = log->device.salt;
  if (!write_superblock(log, log->chain) || !start_flush(log, &log->switch_ticket)) {
    return "The device cannot be written";
  }
  log->switching = LOG_SWITCH_SUPERBLOCK;
  return NULL;
}

static const char *open_log(struct log *log) {
  struct superblock superblocks[SUPERBLOCKS];
  enum found found[SUPERBLOCKS];
  for (uint32_t i = 0; i < SUPERBLOCKS; i++) found[i] = read_superblock(log, i, &superblocks[i]);
  bool first = found[0] == FOUND_VALID, second = found[1] == FOUND_VALID;
  if (first && second) return mount(log, &superblocks[superblocks[1].generation > superblocks[0].generation]);
  if (first || second) return mount(log, &superblocks[second]);
  if (found[0] == FOUND_NOTHING || found[1] == FOUND_NOTHING) return "The device cannot be read";
  if (found[0] == FOUND_FOREIGN ||
      found[1] == FOUND_FOREIGN) return "The device holds something that is no log of ours";
  /* A log that was never finished has nothing in it that was called durable. */
  bool unused = block_at(log, 0, 0) && is_zero(log->cache, log->device.block_size);
  if (found[1] == FOUND_ZERO && (found[0] == FOUND_ZERO || unused)) return make_log(log);
  return "Both superblocks of the log are damaged";
}

const char *log_open_begin(struct log *log, const struct log_device *device) {
  *log = (struct log){.device = *device, .cached = NO_BLOCK};
  if (device->block_size < 512 || device->block_size > 65536 || device->size % device->block_size) {
    return "The device has blocks of a size that is not supported";
  }
  uint64_t blocks = device->size / device->block_size;
  if (blocks < 10) return "The device is too small for a log";
  log->area_size = (blocks - SUPERBLOCKS) / 2 * device->block_size;
  log->block = malloc(device->block_size);
  log->cache = malloc(device->block_size);
  if (!log->block || !log->cache) return "There is no memory for the log's blocks";
  const char *problem = open_log(log);
  if (problem) log_close(log);
  return problem;
}

const char *log_open(struct log *log, const struct log_device *device) {
  const char *problem = log_open_begin(log, device);
  if (problem) return problem;
  while (log_open_more(log, UINT64_MAX / 2)) continue;
  if (!log->failed) return NULL;
  log_close(log);
  return "The log cannot be read";
}

void log_close(struct log *log) {
  free(log->block);
  free(log->cache);
  free(log->entries);
  free(log->moved);
  free(log->body);
  *log = (struct log){.failed = true};
}

/* --- another area ------------------------------------------------------------------------------------ */

static bool copy_record(struct log *log, size_t index, char *body) {
  struct record record;
  uint64_t at = (uint64_t)(log->entries[index].at - 1) * 8, to = log->tail;
  if (!read_area(log, log->home, at, &record, sizeof record)) return false;
  if (!read_area(log, log->home, at + sizeof record, body, record.key_length + record.value_length)) return false;
  struct text key = {body, record.key_length}, value = {body + record.key_length, record.value_length};
  if (!append_record(log, &record, key, value)) return false;
  log->moved[index] = (uint32_t)(to / 8 + 1);
  return true;
}

/* Begins to copy what counts to the other area. Until that is done, everything is read where it was. */
static bool start_copy(struct log *log) {
  log->moved = malloc(log->capacity * sizeof *log->moved + 1);
  log->body = malloc(LOG_KEY_LIMIT + LOG_VALUE_LIMIT);
  if (!log->moved || !log->body) {
    free(log->moved);
    free(log->body);
    log->moved = NULL, log->body = NULL;
    return false;
  }
  /* What is copied is read from the device. */
  if (!append_padding(log)) return true;
  log->area = 1 - log->home;
  log->tail = 0;
  log->generation++;
  log->chain = log->switch_seed = log->device.salt ^ (uint32_t)log->generation * 0x85ebca6bu;
  log->copied = 0;
  log->switching = LOG_SWITCH_COPY;
  return true;
}

static void end_copy(struct log *log) {
  for (size_t i = 0; i < log->capacity; i++) {
    if (log->entries[i].at) log->entries[i].at = log->moved[i];
  }
  free(log->moved);
  free(log->body);
  log->moved = NULL, log->body = NULL;
  log->home = log->area;
  log->switching = LOG_SWITCH_DATA;
  if (append_padding(log)) start_flush(log, &log->switch_ticket);
}

/* Copies as much as the device takes now, but a turn has other work, too. */
static void go_on_copying(struct log *log) {
  uint64_t from = log->written;
  for (; log->copied < log->capacity; log->copied++) {
    const struct log_entry *entry = &log->entries[log->copied];
    if (!entry->at) continue;
    if (!device_takes(log, entry->size) || log->written - from > COPY_PART) {
      /* So that more can be written, or simply to be called again. */
      if (log->flush_count == 0) start_flush(log, &log->switch_ticket);
      return;
    }
    if (!copy_record(log, log->copied, log->body)) {
      fail(log);
      return;
    }
  }
  end_copy(log);
}

static void advance_switch(struct log *log, uint64_t ticket) {
  if (log->switching == LOG_SWITCH_COPY) go_on_copying(log);
  if (log->switching == LOG_SETTLED || log->switching == LOG_SWITCH_COPY || ticket < log->switch_ticket) return;
  if (log->switching == LOG_SWITCH_SUPERBLOCK) {
    log->switching = LOG_SETTLED;
    return;
  }
  if (!write_superblock(log, log->switch_seed) || !start_flush(log, &log->switch_ticket)) {
    fail(log);
    return;
  }
  log->switching = LOG_SWITCH_SUPERBLOCK;
}

/* --- changes ----------------------------------------------------------------------------------------- */

static bool fits(const struct log *log, uint64_t size) { return log->tail + size <= log->area_size; }

enum log_status log_ready(struct log *log, uint64_t size) {
  if (log->failed) return LOG_FAILED;
  if (log->switching == LOG_SWITCH_COPY) return LOG_BUSY;
  if (!fits(log, size)) {
    /* The area that is named by the superblock must not be written to. */
    if (log->switching != LOG_SETTLED) return LOG_BUSY;
    log_commit(log);
    if (log->failed) return LOG_FAILED;
    if (!start_copy(log)) return LOG_FULL;
    if (!log->failed) go_on_copying(log);
    if (log->failed) return LOG_FAILED;
    if (log->switching == LOG_SWITCH_COPY) return LOG_BUSY;
    if (!fits(log, size)) return LOG_FULL;
  }
  return device_takes(log, size) ? LOG_OK : LOG_BUSY;
}

static enum log_status append(struct log *log, struct record *record, struct text key, struct text value) {
  enum log_status status = log_ready(log, record_size(record));
  if (status != LOG_OK) return status;
  uint64_t at = log->tail;
  record->sequence = log->sequence + 1;
  record->salt = log->device.salt;
  if (!append_record(log, record, key, value)) return LOG_FAILED;
  log->sequence++;
  apply_record(log, at, record, key);
  return log->failed ? LOG_FAILED : LOG_OK;
}

enum log_status log_put(struct log *log, struct text key, struct text value) {
  struct record old, record =
      {.value_length = (uint32_t)value.length, .key_length = (uint16_t)key.length, .kind = RECORD_PUT};
  if (key.length == 0 || key.length > LOG_KEY_LIMIT || value.length > LOG_VALUE_LIMIT) return LOG_FULL;
  /* The table must not grow then. */
  if (log->switching == LOG_SWITCH_COPY) return LOG_BUSY;
  struct log_entry *entry = log->failed ? NULL : find_entry(log, key, &old);
  uint64_t without = log->live_bytes - (entry ? entry->size : 0);
  if (!log->failed && (without + record_size(&record) > log_capacity(log) || !index_reserve(log))) return LOG_FULL;
  return append(log, &record, key, value);
}

enum log_status log_delete(struct log *log, struct text key) {
  struct record old, record = {.key_length = (uint16_t)key.length, .kind = RECORD_DELETE};
  if (log->failed) return LOG_FAILED;
  if (key.length == 0 || key.length > LOG_KEY_LIMIT || !find_entry(log, key, &old)) return LOG_NOT_FOUND;
  return append(log, &record, key, (struct text){NULL, 0});
}

void log_commit(struct log *log) {
  if (log->failed || log->committed == log->sequence || log->pending_count == LOG_PENDING_LIMIT) return;
  uint64_t ticket;
  if (!append_padding(log) || !start_flush(log, &ticket)) {
    fail(log);
    return;
  }
  size_t slot = (log->pending_first + log->pending_count++) % LOG_PENDING_LIMIT;
  log->pending[slot] = (struct log_pending){ticket, log->sequence, log->switching != LOG_SETTLED};
  log->committed = log->sequence;
}

void log_flushed(struct log *log, uint64_t ticket) {
  if (log->failed) return;
  end_flushes(log, ticket);
  advance_switch(log, ticket);
  while (log->pending_count > 0) {
    const struct log_pending *pending = &log->pending[log->pending_first];
    if (pending->ticket > ticket || (pending->after_switch && log->switching != LOG_SETTLED)) return;
    log->durable = pending->sequence;
    log->pending_first = (log->pending_first + 1) % LOG_PENDING_LIMIT;
    log->pending_count--;
  }
}

/* --- looking things up ------------------------------------------------------------------------------- */

static struct log_found found_of(uint64_t at, const struct record *record) {
  return (struct log_found){at, record->key_length, record->value_length, record->sequence};
}

enum log_status log_find(struct log *log, struct text key, struct log_found *found) {
  struct record record;
  if (log->failed) return LOG_FAILED;
  if (key.length == 0 || key.length > LOG_KEY_LIMIT) return LOG_NOT_FOUND;
  struct log_entry *entry = find_entry(log, key, &record);
  if (!entry) return log->failed ? LOG_FAILED : LOG_NOT_FOUND;
  *found = found_of((uint64_t)(entry->at - 1) * 8, &record);
  return LOG_OK;
}

enum log_status log_find_hashed(struct log *log, uint32_t hash, log_visitor matches, void *context) {
  char key[LOG_KEY_LIMIT];
  for (struct log_entry *entry = index_next(log, hash, NULL); entry && !log->failed; entry =
      index_next(log, hash, entry)) {
    struct record record;
    uint64_t at = (uint64_t)(entry->at - 1) * 8;
    if (!read_area(log, log->home, at, &record, sizeof record)) break;
    if (!read_area(log, log->home, at + sizeof record, key, record.key_length)) break;
    struct log_found found = found_of(at, &record);
    if (matches(context, (struct text){key, record.key_length}, &found)) return LOG_OK;
  }
  return log->failed ? LOG_FAILED : LOG_NOT_FOUND;
}

bool log_read_value(struct log *log, const struct log_found *found, uint32_t from, void *buffer, size_t size) {
  if (log->failed || from > found->value_length || size > found->value_length - from) return false;
  return read_area(log, log->home, found->at + sizeof(struct record) + found->key_length + from, buffer, size);
}

bool log_some(struct log *log, size_t *place, size_t count, log_visitor visit, void *context) {
  char key[LOG_KEY_LIMIT];
  for (; count > 0 && *place < log->capacity && !log->failed; ++*place) {
    struct record record;
    uint64_t at = (uint64_t)(log->entries[*place].at - 1) * 8;
    if (log->entries[*place].at == 0) continue;
    if (!read_area(log, log->home, at, &record, sizeof record)) return false;
    if (!read_area(log, log->home, at + sizeof record, key, record.key_length)) return false;
    struct log_found found = found_of(at, &record);
    if (!visit(context, (struct text){key, record.key_length}, &found)) return false;
    count--;
  }
  return *place < log->capacity && !log->failed;
}

void log_each(struct log *log, log_visitor visit, void *context) {
  size_t place = 0;
  while (log_some(log, &place, SIZE_MAX, visit, context)) continue;
}
