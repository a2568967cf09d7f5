#include "device.h"

#include "../libos/libos.h"

/* The host takes 4 MiB until it must refuse. */
#define BACKLOG (3 * 1024 * 1024)

/* Bytes of a log that are read in one turn. */
#define READ_PART (512 * 1024)

static struct log the_log;
static solo5_handle_t handle;
static size_t block_size;
static const char *device_name;
static store_callback on_opened, on_settled;
static bool opened;

static bool read_block(void *context, uint64_t offset, uint8_t *block) {
  (void)context;
  return solo5_block_read(handle, offset, block, block_size) == SOLO5_R_OK;
}

static bool write_block(void *context, uint64_t offset, const uint8_t *block) {
  (void)context;
  return solo5_block_write(handle, offset, block, block_size) == SOLO5_R_OK;
}

static bool flush(void *context, uint64_t *ticket) {
  (void)context;
  return strata_block_flush(handle, ticket) == SOLO5_R_OK;
}

static void on_ready(void *context) {
  (void)context;
  uint64_t ticket;
  if (strata_block_flushed(handle, &ticket) == SOLO5_R_OK) {
    log_flushed(&the_log, ticket);
  } else if (!the_log.failed) {
    the_log.failed = true;
    say("The disk has failed: nothing that was written later is durable");
  }
  if (opened) on_settled(&the_log);
}

/* Reads on. The rest of a long log is read in the next turns, for a turn must not take long. */
static void read_more(void) {
  if (log_open_more(&the_log, READ_PART)) {
    runtime_hurry();
    return;
  }
  if (the_log.failed) give_up("%s: The log cannot be read", device_name);
  opened = true;
  on_opened(&the_log);
}

static void after_turn(void *context) {
  (void)context;
  if (!opened) {
    read_more();
    return;
  }
  bool failed = the_log.failed;
  log_commit(&the_log);
  if (the_log.failed && !failed) on_settled(&the_log);
}

void store_open(const char *device, store_callback opens, store_callback settled) {
  struct solo5_block_info info;
  if (solo5_block_acquire(device, &handle, &info) != SOLO5_R_OK) give_up("There is no block device %s", device);
  block_size = (size_t)info.block_size;
  device_name = device;
  on_opened = opens;
  on_settled = settled;
  struct log_device log_device = {NULL, info.capacity - info.capacity % info.block_size, (uint32_t)info.block_size,
                                  BACKLOG, random_u32(), read_block, write_block, flush};
  const char *problem = log_open_begin(&the_log, &log_device);
  if (problem) give_up("%s: %s", device, problem);
  runtime_watch(handle, on_ready, NULL);
  runtime_after(after_turn, NULL);
  read_more();
}
