/*
 * The library OS: what a unikernel's program uses beside lwIP's raw API. One thread; nothing here waits. The program
 * has program_start, and from then on is called back: by lwIP for packets and timers (sys_timeout), by runtime_watch
 * for devices.
 */
#ifndef LIBOS_H
#define LIBOS_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../include/strata.h"
#include "format.h"

struct netif;

/* Defined by the program. Other than 0 ends the unikernel with that status. */
int program_start(void);

/* --- arguments ------------------------------------------------------------------------------------ */

/* The name of the instance. */
const char *instance_name(void);
/* The value of "--NAME=value", or NULL. Where it is given twice the last one counts. */
const char *option(const char *name);
/* The same as a number of at most `most`; `otherwise` when it is not given. Ends the unikernel when it is no number. */
uint32_t option_number(const char *name, uint32_t otherwise, uint32_t most);
/* What is not an option, from 0 on, or NULL. */
const char *operand(size_t index);

/* --- console -------------------------------------------------------------------------------------- */

/* Writes a line. See format() for what it knows. At most 511 bytes are written. */
void say(const char *text, ...);
/* Writes a line and ends the unikernel with status 1. */
__attribute__((noreturn)) void give_up(const char *text, ...);

/* --- time and chance ------------------------------------------------------------------------------ */

/* Monotonic nanoseconds, as of the beginning of this turn. */
uint64_t turn_time(void);
uint32_t random_u32(void);
void random_bytes(void *buffer, size_t size);

/* --- the loop ------------------------------------------------------------------------------------- */

typedef void (*turn_callback)(void *context);
/* Calls back in each turn in which the device is ready. */
void runtime_watch(solo5_handle_t handle, turn_callback callback, void *context);
/* Calls back at the end of each turn, when all that came in has been looked at. */
void runtime_after(turn_callback callback, void *context);
/* Has the next turn follow at once, for work that is done in pieces. */
void runtime_hurry(void);
/* One turn: devices, timers, what comes after. Returns when the next one is due on the monotonic clock. */
solo5_time_t runtime_turn(solo5_handle_set_t ready);
/* What solo5_app_init does before program_start; for blocking programs too. */
void runtime_start(void);

/* --- network -------------------------------------------------------------------------------------- */

/*
 * Acquires a network device by its name in the manifest and puts lwIP on it. The first one takes its address from
 * --ipv4=A/P --gateway=A --dns=A, a further one from --ipv4.NAME=A/P; without that by DHCP. Ends the unikernel when
 * there is no such device or an address is malformed.
 */
struct netif *network_start(const char *device);

struct network_counters {
  uint64_t received, sent;
  /* Frames for which there was no memory, or which the host refused. */
  uint64_t receive_drops, send_drops;
};
const struct network_counters *network_counters(const struct netif *netif);

/* Parses "a.b.c.d" into network order. Returns false unless all of the text is one. */
bool parse_ipv4(const char *text, uint32_t *address);
/* Parses "a.b.c.d/n". */
bool parse_ipv4_prefix(const char *text, uint32_t *address, uint32_t *mask);

/* --- files ---------------------------------------------------------------------------------------- */

struct file {
  const char *path;
  const uint8_t *bytes;
  size_t size;
  /* The value of an ETag header, with its quotes. */
  const char *tag;
};

/*
 * A file that was given at the start, else one of the module's own, by its whole path; NULL when there is none. Those
 * that were given are kept once they were read: at most 64 of them and 1 MiB.
 */
const struct file *file_find(const char *path);

#endif
