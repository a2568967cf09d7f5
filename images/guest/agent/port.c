// The byte stream to the host: frames in, frames out, and the way back into step after a cut.
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "agent.h"

// A frame is handled in one piece, and each needs room for an answer of the same size.
#define INPUT_SIZE (2 * MAX_FRAME)
#define OUTPUT_SIZE (3 * MAX_FRAME)

static int port = -1;

static uint8_t input[INPUT_SIZE];
static uint32_t input_start, input_end;
static bool input_synced, input_blocked;

static uint8_t output[OUTPUT_SIZE];
static uint32_t output_start, output_end;

// --- finding the port -----------------------------------------------------------------------------

static int open_if_named(const char *entry, const char *name) {
  char path[320], found[64];
  snprintf(path, sizeof path, "/sys/class/virtio-ports/%s/name", entry);
  if (file_read(path, found, sizeof found) < 0) return -1;
  found[strcspn(found, "\n")] = 0;
  if (strcmp(found, name) != 0) return -1;
  snprintf(path, sizeof path, "/dev/%s", entry);
  return open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
}

static int scan_ports(const char *name) {
  DIR *ports = opendir("/sys/class/virtio-ports");
  if (!ports) return -1;
  int fd = -1;
  for (struct dirent *entry; fd < 0 && (entry = readdir(ports));) {
    if (entry->d_name[0] != '.') fd = open_if_named(entry->d_name, name);
  }
  closedir(ports);
  return fd;
}

int port_find(const char *name) {
  // The driver learns of its ports by messages from the device, which may come after we start.
  for (int tries = 0; tries < 250; tries++) {
    int fd = scan_ports(name);
    if (fd >= 0) return fd;
    nanosleep(&(struct timespec){.tv_nsec = 20 * 1000 * 1000}, NULL);
  }
  return -1;
}

void port_init(int fd) {
  port = fd;
  fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
}

int port_fd(void) { return port; }

// --- input ----------------------------------------------------------------------------------------

bool port_input_blocked(void) { return input_blocked; }

void port_lose_sync(void) { input_synced = false; }

// Drops input up to and with the next MAGIC; false when it has not come whole. No byte of MAGIC but the
// first equals the first, so the next candidate is simply the next such byte.
static bool find_magic(void) {
  while (input_start < input_end) {
    uint32_t left = input_end - input_start;
    uint8_t *at = memchr(input + input_start, (uint8_t)MAGIC[0], left);
    if (!at) break;
    input_start = (uint32_t)(at - input);
    left = input_end - input_start;
    if (left < MAGIC_SIZE && memcmp(at, MAGIC, left) == 0) return false;
    if (left >= MAGIC_SIZE && memcmp(at, MAGIC, MAGIC_SIZE) == 0) {
      input_start += MAGIC_SIZE;
      return true;
    }
    input_start++;
  }
  input_start = input_end = 0;
  return false;
}

enum step { STEP_DONE, STEP_MORE, STEP_WAIT };

// Handles one frame, if a whole one is there.
static enum step next_frame(bool after_magic) {
  uint32_t left = input_end - input_start;
  struct frame frame;
  if (left < HEADER_SIZE) return STEP_WAIT;
  memcpy(&frame.header, input + input_start, HEADER_SIZE);
  uint32_t length = frame.header.length;
  if (length > MAX_PAYLOAD || (after_magic && frame.header.type != HELLO)) {
    port_lose_sync();
    return STEP_MORE;
  }
  uint32_t size = HEADER_SIZE + length + TRAILER_SIZE;
  if (left < size) return STEP_WAIT;
  frame.payload = input + input_start + HEADER_SIZE;
  uint32_t trailer;
  memcpy(&trailer, frame.payload + length, TRAILER_SIZE);
  if (trailer != TRAILER) {
    // A frame that was cut. What completed it is filler, which is as long as the longest frame, so MAGIC
    // lies behind it; what came before the cut is not searched, it may be anything.
    input_start += size;
    port_lose_sync();
    return STEP_MORE;
  }
  input_start += size;
  handle_frame(&frame);
  return STEP_DONE;
}

static void handle_input(void) {
  static bool after_magic;
  for (;;) {
    // Room for the answer first; without it the input waits, and by that the host.
    input_blocked = OUTPUT_SIZE - (output_end - output_start) < MAX_FRAME;
    if (input_blocked) break;
    if (!input_synced) {
      if (!find_magic()) break;
      input_synced = after_magic = true;
    }
    enum step step = next_frame(after_magic);
    if (step == STEP_WAIT) break;
    after_magic = false;
  }
  if (input_start == input_end) {
    input_start = input_end = 0;
  } else if (input_start > 0 && input_end > INPUT_SIZE / 2) {
    memmove(input, input + input_start, input_end - input_start);
    input_end -= input_start;
    input_start = 0;
  }
}

void port_resume(void) {
  if (input_blocked) handle_input();
}

bool port_receive(void) {
  // A virtio port gives one buffer, a page, per read: gather before parsing.
  uint32_t gathered = 0;
  while (input_end < INPUT_SIZE && gathered < MAX_PAYLOAD) {
    ssize_t got = read(port, input + input_end, INPUT_SIZE - input_end);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && errno == EAGAIN) break;
    if (got <= 0) {
      // A virtio port without a host reads as ended, and may find one again.
      if (gathered == 0) return false;
      break;
    }
    input_end += (uint32_t)got;
    gathered += (uint32_t)got;
  }
  handle_input();
  return true;
}

// --- output ---------------------------------------------------------------------------------------

bool output_empty(void) { return output_start == output_end; }

uint8_t *output_reserve(uint32_t length) {
  uint32_t size = HEADER_SIZE + length + TRAILER_SIZE;
  if (OUTPUT_SIZE - output_end < size && output_start > 0) {
    memmove(output, output + output_start, output_end - output_start);
    output_end -= output_start;
    output_start = 0;
  }
  return OUTPUT_SIZE - output_end < size ? NULL : output + output_end + HEADER_SIZE;
}

void output_commit(uint8_t type, uint8_t channel, uint32_t stream, uint32_t length) {
  struct frame_header header = {.length = length, .type = type, .channel = channel, .stream = stream};
  uint32_t trailer = TRAILER;
  memcpy(output + output_end, &header, HEADER_SIZE);
  memcpy(output + output_end + HEADER_SIZE + length, &trailer, TRAILER_SIZE);
  output_end += HEADER_SIZE + length + TRAILER_SIZE;
}

bool output_frame(uint8_t type, uint8_t channel, uint32_t stream, const void *payload, uint32_t length) {
  uint8_t *room = output_reserve(length);
  if (!room) return false;
  if (length) memcpy(room, payload, length);
  output_commit(type, channel, stream, length);
  return true;
}

void output_hello(const uint8_t nonce[NONCE_SIZE], bool resync) {
  // Whatever waits belongs to a session that is over; its reader looks for MAGIC and nothing else.
  output_start = output_end = 0;
  if (resync) {
    memset(output, FILLER, MAX_FRAME);
    output_end = MAX_FRAME;
  }
  memcpy(output + output_end, MAGIC, MAGIC_SIZE);
  output_end += MAGIC_SIZE;

  char boot_id[40];
  if (file_read("/proc/sys/kernel/random/boot_id", boot_id, sizeof boot_id) < 0) boot_id[0] = 0;
  boot_id[strcspn(boot_id, "\n")] = 0;
  struct __attribute__((packed)) {
    uint32_t version;
    uint8_t nonce[NONCE_SIZE];
    uint32_t window, features;
    uint16_t boot_id_length;
    char boot_id[40];
  } hello = {.version = PROTOCOL_VERSION, .window = own_window(), .boot_id_length = (uint16_t)strlen(boot_id)};
  memcpy(hello.nonce, nonce, NONCE_SIZE);
  memcpy(hello.boot_id, boot_id, hello.boot_id_length);
  output_frame(HELLO, 0, 0, &hello, (uint32_t)(offsetof(typeof(hello), boot_id) + hello.boot_id_length));
}

bool output_flush(void) {
  while (output_start < output_end) {
    ssize_t put = write(port, output + output_start, output_end - output_start);
    if (put < 0 && errno == EINTR) continue;
    if (put <= 0) return false;
    output_start += (uint32_t)put;
  }
  output_start = output_end = 0;
  return true;
}
