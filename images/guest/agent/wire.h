// The protocol between the agent and the host: this header and src/formats/agent.ts say the same,
// docs/AGENT.md tells it whole. All numbers are little-endian, as is every machine that runs this.
#ifndef STRATA_WIRE_H
#define STRATA_WIRE_H

#include <stdint.h>

#define PROTOCOL_VERSION 1

// The name of the virtio-serial port that carries it.
#define PORT_NAME "strata.agent"

// A frame is a header, `length` bytes of payload and the trailer.
struct frame_header {
  uint32_t length;
  uint8_t type;
  uint8_t channel;
  uint16_t reserved;
  uint32_t stream;
};

#define MAX_PAYLOAD 65536u
#define HEADER_SIZE ((uint32_t)sizeof(struct frame_header))
#define TRAILER_SIZE 4u
#define MAX_FRAME (HEADER_SIZE + MAX_PAYLOAD + TRAILER_SIZE)

// Ends every frame. A frame that was cut and then completed by other bytes lacks it and is dropped.
#define TRAILER 0x0d0a4153u

// Whoever begins anew sends MAX_FRAME bytes of FILLER, which end any frame the reader may be in the middle
// of, then MAGIC, then a HELLO frame. Neither FILLER nor MAGIC can begin a frame: as a length they are
// beyond MAX_PAYLOAD.
#define FILLER 0xff
#define MAGIC "\xf1STRATA-AGENT\r\n\x1a"
#define MAGIC_SIZE 16

enum frame_type {
  // Both ways: u32 version, u8 nonce[16], u32 window, u32 features, string boot id (empty from the host).
  // The agent echoes the nonce of the host; zeros say that it has just started and knows no host.
  HELLO = 1,
  // To the host, the last message: u8 power_kind.
  GOODBYE = 2,
  // To the host, the answers to requests 32 and up; the stream is that of the request.
  REPLY = 3,
  // u32 errno, string text.
  ERROR = 4,

  // u32 uid, u32 gid, u8 exec_flags, u8 0, u16 columns, u16 rows, string cwd, u16 n, string argv[n],
  // u16 n, string env[n]. A string is a u16 length and that many bytes, none of them zero.
  EXEC = 16,
  DATA = 17,
  // No more data follows on this channel.
  END = 18,
  // The sender takes no more data on this channel.
  CLOSE = 19,
  // u32 bytes that may be sent on this channel in addition.
  CREDIT = 20,
  // u16 columns, u16 rows.
  RESIZE = 21,
  // u32 signal, to the program's process group.
  SIGNAL = 22,
  // To the host, after all output: u8 code, u8 signal (0: exited by itself), u16 0, u32 errno of an exec that
  // failed.
  EXIT = 23,

  // Any bytes, which come back.
  PING = 32,
  // See net.c.
  NETWORK = 33,
  // u64 microseconds since the epoch.
  CLOCK = 34,
  // Up to MAX_ENTROPY random bytes.
  ENTROPY = 35,
  // u64 microseconds, string of random bytes, then a NETWORK payload; answered once all is in force.
  IDENTITY = 36,
  // String: path of a cgroup, or empty. Answered by the numbers in stats.c.
  STATS = 37,
  // u16 columns, u16 rows of the console.
  CONSOLE_RESIZE = 38,
  // u8 power_kind.
  POWER_OFF = 39,
  // Answered by u64: bytes of free memory that are zero now.
  TRIM = 40,
  // Finds devices that were plugged in; answered when their drivers have them.
  SCAN_DEVICES = 41,
};

enum channel_id { STDIN = 0, STDOUT = 1, STDERR = 2 };
enum exec_flags { EXEC_TERMINAL = 1 };
enum power_kind { POWER_OFF_MACHINE = 0, POWER_REBOOT = 1, POWER_HALT = 2 };

#define NONCE_SIZE 16
#define MAX_ENTROPY 512

#endif
