/*
 * A key-value store on a block device that survives being cut off at any instant: a log of records in one of two areas.
 * No part of the library OS in it: compiled natively, too, for a test that cuts it off everywhere.
 *
 *   block 0, 1   superblocks, written in turn: which area holds the log
 *   area 0, 1    the log; when it is full, what counts is copied to the other area
 *
 * - A record counts when its checksum holds, which goes on from that of the record before: what is left from an earlier
 *   life of an area never continues a log.
 * - What was written between two commits begins at a block of its own. A block that was made durable is not written
 *   again, so a torn write cannot reach it.
 * - Another area is first made durable, then named by a superblock, which is made durable before anything in it is called
 *   durable.
 */
#ifndef STORE_LOG_H
#define STORE_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../libos/format.h"

#define LOG_KEY_LIMIT 512
#define LOG_VALUE_LIMIT (64 * 1024)
#define LOG_ENTRY_LIMIT 65536
#define LOG_PENDING_LIMIT 64
/* Those of pending changes, and of a switch of areas. */
#define LOG_FLUSH_LIMIT (LOG_PENDING_LIMIT + 4)

/* Where the log is. Each request is one block; false means that the device has failed. */
struct log_device {
  void *context;
  uint64_t size;
  uint32_t block_size;
  /* Bytes that may be written before a flush that was asked for later is over. */
  uint32_t backlog;
  /* Differs from one opening to the next. */
  uint32_t salt;
  bool (*read)(void *context, uint64_t offset, uint8_t *block);
  bool (*write)(void *context, uint64_t offset, const uint8_t *block);
  /* Asks for what was written to be made durable; log_flushed is told when it is. Tickets go up. */
  bool (*flush)(void *context, uint64_t *ticket);
};

enum log_status {
  LOG_OK,
  LOG_NOT_FOUND,
  /* No room for it, and no more would come of a copy to the other area. */
  LOG_FULL,
  /* No room for it until flushes that are under way are over. */
  LOG_BUSY,
  LOG_FAILED,
};

struct log_entry {
  uint32_t hash;
  /* Of the record in its area, in units of 8 bytes, plus 1; 0 when there is no entry. */
  uint32_t at;
  uint32_t size;
};

struct log_pending {
  uint64_t ticket, sequence;
  bool after_switch;
};

struct log_flush {
  uint64_t ticket, written;
};

struct log {
  struct log_device device;
  uint64_t area_size;
  uint64_t generation;
  /* Where records are appended, and where they are read. */
  uint32_t area, home;
  bool failed;

  /* The log is being read, and has been up to here. */
  bool reading;
  uint64_t read_to;

  /* Where the next record goes, in the area, and the block it goes to. */
  uint64_t tail;
  uint8_t *block;
  uint32_t chain;
  /* Of the last record, of the last one that was committed, and of the last one that is durable. */
  uint64_t sequence, committed, durable;

  /* Bytes given to the device, and of those the ones that it certainly holds no longer in a queue. */
  uint64_t written, taken;
  struct log_flush flushes[LOG_FLUSH_LIMIT];
  size_t flush_first, flush_count;

  /* The way to another area: its data, which is copied as the device takes it, then its superblock. */
  enum { LOG_SETTLED, LOG_SWITCH_COPY, LOG_SWITCH_DATA, LOG_SWITCH_SUPERBLOCK } switching;
  uint64_t switch_ticket;
  uint32_t switch_seed;
  /* While it is copied: how many entries were, and where each is in the other area. */
  size_t copied;
  uint32_t *moved;
  /* Of a record that is read or copied. */
  char *body;

  struct log_pending pending[LOG_PENDING_LIMIT];
  size_t pending_first, pending_count;

  struct log_entry *entries;
  size_t capacity, count;
  uint64_t live_bytes;

  uint8_t *cache;
  uint64_t cached;
};

/* What log_find has found. It is valid until the log is changed. */
struct log_found {
  uint64_t at;
  uint32_t key_length, value_length;
  uint64_t sequence;
};

/* Reads the log of a device, or makes one on a device that is all zero. Returns what is the matter, or NULL. */
const char *log_open(struct log *log, const struct log_device *device);
/*
 * The same in pieces: after the beginning, log_open_more reads about so many bytes and returns whether there are more. If
 * it has failed then, the log has. Nothing else may be done with the log before.
 */
const char *log_open_begin(struct log *log, const struct log_device *device);
bool log_open_more(struct log *log, uint64_t size);
void log_close(struct log *log);

/*
 * LOG_OK when records of so many bytes together (see log_record_size) can be appended now, as far as the log's place and
 * the device's queue go. LOG_BUSY: once more flushes are over. Begins to make room where there is none.
 */
enum log_status log_ready(struct log *log, uint64_t size);

/* Both are seen at once. They are durable when log->durable has reached what log->sequence is now. */
enum log_status log_put(struct log *log, struct text key, struct text value);
enum log_status log_delete(struct log *log, struct text key);

/* Writes what is not written, and asks for it to be made durable. Nothing to do is fine. */
void log_commit(struct log *log);
/* Tells that the flush of a ticket, and all before it, are over. */
void log_flushed(struct log *log, uint64_t ticket);

enum log_status log_find(struct log *log, struct text key, struct log_found *found);
bool log_read_value(struct log *log, const struct log_found *found, uint32_t from, void *buffer, size_t size);

/* The key is there during the call. */
typedef bool (*log_visitor)(void *context, struct text key, const struct log_found *found);
/* Calls back for each key, in no order, until the callback returns false. */
void log_each(struct log *log, log_visitor visit, void *context);
/* The same for so many keys, from *place = 0 on; false when it is over. The log must not be changed between. */
bool log_some(struct log *log, size_t *place, size_t count, log_visitor visit, void *context);
/* Calls back for the keys that have this log_hash, until the callback returns true. */
enum log_status log_find_hashed(struct log *log, uint32_t hash, log_visitor matches, void *context);
uint32_t log_hash(struct text key);

/* Bytes that a record takes of the log. */
uint32_t log_record_size(size_t key_length, size_t value_length);
/* Bytes that may be live at most. */
uint64_t log_capacity(const struct log *log);

#endif
