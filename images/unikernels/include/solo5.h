/*
 * The unikernel ABI: Solo5's hypercalls (its solo5.h, version 0.9) as imports of a wasm32 module. docs/ABI.md tells what
 * each promises, and where this differs from Solo5.
 */
#ifndef SOLO5_H
#define SOLO5_H

#include <stddef.h>
#include <stdint.h>

#define SOLO5_IMPORT(name) __attribute__((import_module("solo5"), import_name(#name)))
#define SOLO5_EXPORT(name) __attribute__((export_name(#name), used))

/* Nanoseconds. */
typedef uint64_t solo5_time_t;
/* A device that was acquired: 0 to 63. */
typedef uint64_t solo5_handle_t;
/* Bit N stands for handle N. */
typedef uint64_t solo5_handle_set_t;

typedef enum {
  SOLO5_R_OK = 0,
  /* Nothing there now; try again when the handle is ready. */
  SOLO5_R_AGAIN = 1,
  /* An argument is wrong. */
  SOLO5_R_EINVAL = 2,
  /* The device failed; the console says why. */
  SOLO5_R_EUNSPEC = 3
} solo5_result_t;

/*
 * What a module exports beside its memory. An evented one exports init and poll; a blocking one exports main, and may
 * call solo5_yield.
 */
/* Once, at the start. Other than 0 ends the unikernel with that status. */
SOLO5_EXPORT(solo5_app_init) int solo5_app_init(void);
/*
 * When a device is ready or the deadline has passed. Returns the next deadline on the monotonic clock, or UINT64_MAX
 * to be called for devices alone.
 */
SOLO5_EXPORT(solo5_app_poll) solo5_time_t solo5_app_poll(solo5_handle_set_t ready);
/* Returns the exit status. */
SOLO5_EXPORT(solo5_app_main) int solo5_app_main(void);

SOLO5_IMPORT(console_write) void solo5_console_write(const char *buffer, size_t size);

/* Since an arbitrary point in the past; never goes back. */
SOLO5_IMPORT(clock_monotonic) solo5_time_t solo5_clock_monotonic(void);
/* Since the epoch, UTC. */
SOLO5_IMPORT(clock_wall) solo5_time_t solo5_clock_wall(void);

/* Until a device is ready or the deadline has passed. Of blocking modules alone. */
SOLO5_IMPORT(yield) void solo5_yield(solo5_time_t deadline, solo5_handle_set_t *ready);

SOLO5_IMPORT(exit) __attribute__((noreturn)) void solo5_exit(int status);
SOLO5_IMPORT(abort) __attribute__((noreturn)) void solo5_abort(void);

#define SOLO5_NET_ALEN 6

struct solo5_net_info {
  uint8_t mac_address[SOLO5_NET_ALEN];
  /* Bytes of an IP packet. A frame has 14 more. */
  size_t mtu;
};

/* The devices are named in the module's manifest. `name` ends with a NUL and has at most 67 bytes before it. */
SOLO5_IMPORT(net_acquire)
solo5_result_t solo5_net_acquire(const char *name, solo5_handle_t *handle, struct solo5_net_info *info);
/* One frame, without its check sequence. EINVAL when the buffer is smaller than the MTU and a header. */
SOLO5_IMPORT(net_read)
solo5_result_t solo5_net_read(solo5_handle_t handle, uint8_t *buffer, size_t size, size_t *read_size);
SOLO5_IMPORT(net_write) solo5_result_t solo5_net_write(solo5_handle_t handle, const uint8_t *buffer, size_t size);

typedef uint64_t solo5_off_t;

struct solo5_block_info {
  /* Bytes. */
  solo5_off_t capacity;
  /* Bytes; offsets are multiples of it, and one request is exactly as long. */
  solo5_off_t block_size;
};

SOLO5_IMPORT(block_acquire)
solo5_result_t solo5_block_acquire(const char *name, solo5_handle_t *handle, struct solo5_block_info *info);
SOLO5_IMPORT(block_read)
solo5_result_t solo5_block_read(solo5_handle_t handle, solo5_off_t offset, uint8_t *buffer, size_t size);
/* Seen by every read from now on. It is durable once a flush that was asked for later is over. */
SOLO5_IMPORT(block_write)
solo5_result_t solo5_block_write(solo5_handle_t handle, solo5_off_t offset, const uint8_t *buffer, size_t size);

#endif
