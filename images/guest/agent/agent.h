// What the parts of the agent know of each other.
#ifndef STRATA_AGENT_H
#define STRATA_AGENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire.h"

// --- payload.c: reading a payload that nobody has checked ---------------------------------------

struct reader {
  const uint8_t *at;
  const uint8_t *end;
  // Set by the first read beyond the end; everything read from then on is zero.
  bool failed;
};

struct text {
  const char *bytes;
  size_t length;
};

uint8_t read_u8(struct reader *r);
uint16_t read_u16(struct reader *r);
uint32_t read_u32(struct reader *r);
uint64_t read_u64(struct reader *r);
const uint8_t *read_bytes(struct reader *r, size_t length);
// A u16 length and that many bytes.
struct text read_text(struct reader *r);
// A text as a C string in `buffer`; fails when it does not fit or holds a zero.
bool read_string(struct reader *r, char *buffer, size_t size);

// --- port.c: the byte stream to the host --------------------------------------------------------

struct frame {
  struct frame_header header;
  const uint8_t *payload;
};

// Opens the port of that name, waiting some seconds for it; -1 when there is none.
int port_find(const char *name);
void port_init(int fd);
int port_fd(void);
// Reads what is there and hands whole frames to handle_frame. False when the host is gone.
bool port_receive(void);
// Handles frames that waited for room in the output.
void port_resume(void);
bool port_input_blocked(void);
// Drops input up to the next HELLO: what came makes no sense.
void port_lose_sync(void);

// Room for a frame's payload at the end of the output; NULL when `length` does not fit now.
uint8_t *output_reserve(uint32_t length);
// Ends the frame whose payload is in the reserved room.
void output_commit(uint8_t type, uint8_t channel, uint32_t stream, uint32_t length);
// Both in one; false when there is no room, and nothing is sent then.
bool output_frame(uint8_t type, uint8_t channel, uint32_t stream, const void *payload, uint32_t length);
// Forgets all output, then says hello.
void output_hello(const uint8_t nonce[NONCE_SIZE], bool resync);
bool output_empty(void);
// Writes what the port takes; true when nothing is left.
bool output_flush(void);

// --- main.c -------------------------------------------------------------------------------------

void handle_frame(const struct frame *frame);
int64_t now_ms(void);
// How many bytes of input for one program wait here before the host must hold back.
uint32_t own_window(void);
// Registers a descriptor with the loop; `owner` comes back in channel_event. 0 or -errno.
int loop_add(int fd, uint32_t events, void *owner);

// --- stream.c: the programs that run for the host -----------------------------------------------

struct channel;

// `peer_window`: how much the host takes on a channel before it grants more.
// Hangs up all programs of the session before.
void streams_reset(uint32_t peer_window);
void stream_exec(uint32_t id, const uint8_t *payload, uint32_t length);
void stream_frame(const struct frame *frame);
void channel_event(struct channel *channel, uint32_t events);
// Collects programs that have ended.
void streams_reap(void);
// Moves output towards the host, a bounded amount; true when there is more to move at once.
bool streams_pump(void);
// Milliseconds until streams_pump must be called again, -1 for never.
int streams_timeout(void);

// --- spawn.c ------------------------------------------------------------------------------------

struct program {
  uint32_t uid;
  uint32_t gid;
  bool terminal;
  uint16_t columns;
  uint16_t rows;
  char *cwd;
  char **argv;
  char **env;
  // Holds the strings that the pointers above point to.
  char *storage;
};

struct spawned {
  int pid;
  // The host's ends; with a terminal input == output and error is -1.
  int input;
  int output;
  int error;
};

// 0 or -errno.
int program_parse(struct program *program, const uint8_t *payload, uint32_t length);
void program_free(struct program *program);
// Starts it; 0, or -errno with `what` saying which step failed.
int program_spawn(const struct program *program, struct spawned *spawned, const char **what);

// --- requests: 0 or -errno, `what` says which step failed ----------------------------------------

int network_apply(struct reader *r, const char **what);
int clock_set(uint64_t micros, const char **what);
int entropy_add(const uint8_t *bytes, size_t length, const char **what);
int hostname_set(const char *name, const char **what);
int console_resize(uint16_t columns, uint16_t rows, const char **what);
int memory_trim(uint64_t *zeroed, const char **what);
// Finds devices that were plugged in; their drivers have them when it returns.
int devices_scan(const char **what);
// Appends the numbers to `reply`, and their size in bytes to `length`.
int stats_read(const char *cgroup, uint64_t *reply, uint32_t *length, const char **what);
#define STATS_MAX 24

// --- text files of the kernel ---------------------------------------------------------------------

// Reads a small file whole and ends it with a zero; bytes read, or -errno.
int file_read(const char *path, char *buffer, size_t size);
// 0 or -errno.
int file_write(const char *path, const void *bytes, size_t length);

#endif
