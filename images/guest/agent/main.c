// strata-agent: does in the guest what the host asks for over a virtio-serial port. docs/AGENT.md tells
// the protocol. One process, one loop; nothing in it waits but epoll_wait.
//
//   strata-agent            finds the port by its name
//   strata-agent --fd N     talks on an open descriptor (for tests)
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/sysinfo.h>
#include <time.h>
#include <unistd.h>

#include "agent.h"

#define MAX_EVENTS 64
// How often to look again for a host that has closed its end.
#define ABSENT_HOST_MS 50

static int loop = -1;
static int signals = -1;
static char port_owner, signal_owner;
static uint32_t port_interest;
static uint8_t session[NONCE_SIZE];
// With a descriptor given there is nothing to wait for once its other end is closed.
static bool ends_with_host;
// The enum power_kind that init has announced; -1 while the machine stays.
static int farewell = -1;

int64_t now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

// 256 KiB per program, less where memory is small: at most a four-hundredth of it, but at least 64 KiB.
uint32_t own_window(void) {
  struct sysinfo info;
  uint64_t total = sysinfo(&info) < 0 ? 0 : (uint64_t)info.totalram * info.mem_unit;
  uint32_t window = 64 * 1024;
  while (window < 256 * 1024 && window * 2 <= total / 400) window *= 2;
  return window;
}

int loop_add(int fd, uint32_t events, void *owner) {
  struct epoll_event event = {.events = events, .data.ptr = owner};
  return epoll_ctl(loop, EPOLL_CTL_ADD, fd, &event) < 0 ? -errno : 0;
}

// --- requests -------------------------------------------------------------------------------------

static void answer_error(uint32_t id, int error, const char *what) {
  uint8_t payload[512];
  uint32_t number = (uint32_t)error;
  char *text = (char *)payload + 6;
  int size = sizeof payload - 6;
  int length = snprintf(text, (size_t)size, "%s: %s", what, strerror(error));
  if (length >= size) length = size - 1;
  uint16_t text_length = (uint16_t)length;
  memcpy(payload, &number, 4);
  memcpy(payload + 4, &text_length, 2);
  output_frame(ERROR, 0, id, payload, 6u + text_length);
}

static int apply_identity(struct reader *r, const char **what) {
  uint64_t micros = read_u64(r);
  struct text entropy = read_text(r);
  *what = "identity payload";
  if (r->failed) return -EINVAL;
  int error = entropy_add((const uint8_t *)entropy.bytes, entropy.length, what);
  if (!error) error = clock_set(micros, what);
  return error ? error : network_apply(r, what);
}

static int resize_console(struct reader *r, const char **what) {
  uint16_t columns = read_u16(r);
  uint16_t rows = read_u16(r);
  *what = "console size";
  return r->failed ? -EINVAL : console_resize(columns, rows, what);
}

// Init does it, and tells us when all is quiet: see leave().
static int power_off(uint8_t kind, const char **what) {
  static const int requests[] = {[POWER_OFF_MACHINE] = SIGUSR2, [POWER_REBOOT] = SIGTERM, [POWER_HALT] = SIGUSR1};
  *what = "init";
  if (kind > POWER_HALT) return -EINVAL;
  return kill(getppid(), requests[kind]) < 0 ? -errno : 0;
}

// Handles a request; what it answers is in `reply`.
static int handle_request(const struct frame *frame, uint64_t reply[STATS_MAX], uint32_t *length, const char **what) {
  struct reader r = {frame->payload, frame->payload + frame->header.length, false};
  static char path[512];
  switch (frame->header.type) {
    case NETWORK: return network_apply(&r, what);
    case CLOCK: {
      uint64_t micros = read_u64(&r);
      return r.failed ? -EINVAL : clock_set(micros, what);
    }
    case ENTROPY: return entropy_add(frame->payload, frame->header.length, what);
    case IDENTITY: return apply_identity(&r, what);
    case STATS:
      *what = "cgroup path";
      return read_string(&r, path, sizeof path) ? stats_read(path, reply, length, what) : -EINVAL;
    case CONSOLE_RESIZE: return resize_console(&r, what);
    case POWER_OFF: return power_off(read_u8(&r), what);
    case TRIM:
      *length = sizeof *reply;
      return memory_trim(reply, what);
    case SCAN_DEVICES: return devices_scan(what);
    default:
      *what = "request";
      return -ENOSYS;
  }
}

static void answer_request(const struct frame *frame) {
  uint32_t id = frame->header.stream;
  if (frame->header.type == PING) {
    output_frame(REPLY, 0, id, frame->payload, frame->header.length);
    return;
  }
  uint64_t reply[STATS_MAX];
  uint32_t length = 0;
  const char *what = "payload";
  int error = handle_request(frame, reply, &length, &what);
  if (error) answer_error(id, -error, what);
  else output_frame(REPLY, 0, id, reply, length);
}

static void handle_hello(const struct frame *frame) {
  struct reader r = {frame->payload, frame->payload + frame->header.length, false};
  read_u32(&r);
  const uint8_t *nonce = read_bytes(&r, NONCE_SIZE);
  uint32_t window = read_u32(&r);
  if (r.failed) return port_lose_sync();
  // A host asks again when it sees us start; if the first time was heard, it has its answer.
  if (memcmp(session, nonce, NONCE_SIZE) == 0) return;
  memcpy(session, nonce, NONCE_SIZE);
  streams_reset(window);
  // A host of another version reads ours in the answer and says so in plain words.
  output_hello(session, false);
}

void handle_frame(const struct frame *frame) {
  uint8_t type = frame->header.type;
  if (type == HELLO) handle_hello(frame);
  else if (type == EXEC) stream_exec(frame->header.stream, frame->payload, frame->header.length);
  else if (type >= DATA && type <= SIGNAL) stream_frame(frame);
  else if (type >= PING) answer_request(frame);
  else port_lose_sync();
}

// --- the loop -------------------------------------------------------------------------------------

// Init says that the machine is about to stop, by the signal that was its own request.
static void leave(int signal) {
  farewell = signal == SIGTERM ? POWER_REBOOT : signal == SIGUSR1 ? POWER_HALT : POWER_OFF_MACHINE;
}

// Sends the last message and ends, as soon as there is room for it.
static void say_goodbye(void) {
  uint8_t kind = (uint8_t)farewell;
  if (output_frame(GOODBYE, 0, 0, &kind, sizeof kind) && output_flush()) exit(0);
}

static void handle_signals(void) {
  struct signalfd_siginfo info;
  while (read(signals, &info, sizeof info) == sizeof info) {
    if (info.ssi_signo == SIGCHLD) streams_reap();
    else leave((int)info.ssi_signo);
  }
}

static void update_interest(void) {
  uint32_t wanted = (port_input_blocked() ? 0 : EPOLLIN) | (output_empty() ? 0 : EPOLLOUT);
  if (wanted == port_interest) return;
  port_interest = wanted;
  struct epoll_event event = {.events = wanted, .data.ptr = &port_owner};
  epoll_ctl(loop, EPOLL_CTL_MOD, port_fd(), &event);
}

static void handle_port(uint32_t events) {
  if (!(events & (EPOLLIN | EPOLLHUP | EPOLLERR)) || port_receive()) return;
  // A port without a host says so at every look; a plain descriptor that ends has ended.
  if (ends_with_host) exit(0);
  nanosleep(&(struct timespec){.tv_nsec = ABSENT_HOST_MS * 1000000L}, NULL);
}

static void turn(int timeout) {
  struct epoll_event events[MAX_EVENTS];
  int count = epoll_wait(loop, events, MAX_EVENTS, timeout);
  uint32_t port_events = 0;
  bool signaled = false;
  // Channels first: what the port and the signals bring may end the streams that these events speak of.
  for (int i = 0; i < count; i++) {
    void *owner = events[i].data.ptr;
    if (owner == &port_owner) port_events = events[i].events;
    else if (owner == &signal_owner) signaled = true;
    else channel_event(owner, events[i].events);
  }
  if (port_events) handle_port(port_events);
  if (signaled) handle_signals();
}

static void __attribute__((noreturn)) run(void) {
  for (;;) {
    port_resume();
    bool busy = streams_pump();
    if (farewell >= 0 && output_empty()) say_goodbye();
    update_interest();
    turn(busy ? 0 : streams_timeout());
  }
}

static void open_signals(void) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGCHLD);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGUSR1);
  sigaddset(&set, SIGUSR2);
  sigprocmask(SIG_BLOCK, &set, NULL);
  signal(SIGPIPE, SIG_IGN);
  signals = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
}

// So that no descriptor of ours is ever 0, 1 or 2, which belong to the programs.
static void take_standard_descriptors(void) {
  int fd;
  do fd = open("/dev/null", O_RDWR);
  while (fd >= 0 && fd <= 2);
  if (fd > 2) close(fd);
}

int main(int argc, char **argv) {
  take_standard_descriptors();
  file_write("/proc/self/oom_score_adj", "-1000", 5);
  ends_with_host = argc == 3 && strcmp(argv[1], "--fd") == 0;
  int fd = ends_with_host ? atoi(argv[2]) : port_find(PORT_NAME);
  if (fd < 0) {
    fprintf(stderr, "strata-agent: No virtio port is named " PORT_NAME "\n");
    return 1;
  }
  loop = epoll_create1(EPOLL_CLOEXEC);
  open_signals();
  port_init(fd);
  loop_add(fd, port_interest = EPOLLIN, &port_owner);
  loop_add(signals, EPOLLIN, &signal_owner);
  // A host that knew the agent before us may be in the middle of its last frame.
  output_hello(session, true);
  run();
}
