// The programs that run for the host, and the flow of their bytes.
//
// Each program has up to three channels. Output is read from a pipe or terminal only when the host has
// granted credit for that channel and the port has taken what came before, so a slow host holds back the
// program and nobody else. Input waits in a ring that is never longer than the window the host knows.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "agent.h"

#define MAX_STREAMS 512

// One write to a virtio port takes at most 32 KiB (drivers/char/virtio_console.c, port_fops_write).
#define MAX_DATA (32768 - HEADER_SIZE - TRAILER_SIZE)

// Frames moved before the port is looked at again.
#define FRAMES_PER_PUMP 16

// How long after a program's end its children, if they hold its pipes, may still write to them.
#define LINGER_MS 100

struct channel {
  struct stream *stream;
  struct channel *next_ready;
  // -1 once closed. The two directions of a terminal have a descriptor each.
  int fd;
  // What the host lets us send, or for input what it has not been granted back yet.
  uint32_t credit;
  uint8_t id;
  // Edge-triggered: set by an event, cleared when the descriptor says "not now".
  bool io_ready;
  bool queued;
  // Nothing follows: END is due, or for input CLOSE.
  bool ended;
  bool end_sent;
};

struct stream {
  struct stream *next;
  uint32_t id;
  int pid;
  bool terminal;
  bool exited;
  int status;
  int64_t exited_at;
  struct channel channels[3];
  // Ring of input that the program has not taken; allocated when first needed.
  uint8_t *ring;
  uint32_t ring_start, ring_length;
  bool input_ending;
};

static struct stream *streams;
static int stream_count;
static uint32_t host_window, ring_size;
static struct channel *ready_first, *ready_last;

// --- bookkeeping ----------------------------------------------------------------------------------

static struct stream *find_stream(uint32_t id) {
  for (struct stream *s = streams; s; s = s->next) {
    if (s->id == id) return s;
  }
  return NULL;
}

static void queue_channel(struct channel *c) {
  if (c->queued) return;
  c->queued = true;
  c->next_ready = NULL;
  if (ready_last) ready_last->next_ready = c;
  else ready_first = c;
  ready_last = c;
}

static struct channel *take_ready(void) {
  struct channel *c = ready_first;
  if (!c) return NULL;
  ready_first = c->next_ready;
  if (!ready_first) ready_last = NULL;
  c->queued = false;
  return c;
}

static void unqueue_stream(struct stream *s) {
  struct channel *left = ready_first;
  ready_first = ready_last = NULL;
  while (left) {
    struct channel *c = left;
    left = c->next_ready;
    c->queued = false;
    if (c->stream != s) queue_channel(c);
  }
}

static void close_channel(struct channel *c) {
  if (c->fd >= 0) close(c->fd);
  c->fd = -1;
  c->io_ready = false;
}

static void free_stream(struct stream *s) {
  unqueue_stream(s);
  for (int i = 0; i < 3; i++) close_channel(&s->channels[i]);
  for (struct stream **at = &streams; *at; at = &(*at)->next) {
    if (*at == s) {
      *at = s->next;
      break;
    }
  }
  stream_count--;
  free(s->ring);
  free(s);
}

static void signal_group(struct stream *s, int signal) {
  if (!s->exited) kill(-s->pid, signal);
}

static void hang_up(struct stream *s) {
  signal_group(s, SIGHUP);
  signal_group(s, SIGCONT);
}

void streams_reset(uint32_t peer_window) {
  while (streams) {
    hang_up(streams);
    free_stream(streams);
  }
  host_window = peer_window;
  ring_size = own_window();
}

// --- starting -------------------------------------------------------------------------------------

static void report_failure(uint32_t id, int error, const char *what) {
  char text[512];
  int length = snprintf(text, sizeof text, "%s: %s\n", what, strerror(error));
  if (length >= (int)sizeof text) length = sizeof text - 1;
  uint8_t exit[8] = {error == ENOENT ? 127 : 126};
  uint32_t number = (uint32_t)error;
  memcpy(exit + 4, &number, sizeof number);
  // Room for a frame of the largest size was made sure of before this one was handled.
  output_frame(DATA, STDERR, id, text, (uint32_t)length);
  output_frame(END, STDOUT, id, NULL, 0);
  output_frame(END, STDERR, id, NULL, 0);
  output_frame(EXIT, 0, id, exit, sizeof exit);
}

static int open_channel(struct stream *s, uint8_t id, int fd) {
  struct channel *c = &s->channels[id];
  *c = (struct channel){.stream = s, .fd = fd, .id = id, .credit = id == STDIN ? 0 : host_window};
  if (fd < 0) {
    c->ended = true;
    return 0;
  }
  fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
  return loop_add(fd, (id == STDIN ? EPOLLOUT : EPOLLIN) | EPOLLET, c);
}

static int add_stream(uint32_t id, bool terminal, const struct spawned *spawned) {
  struct stream *s = calloc(1, sizeof *s);
  if (!s) return -ENOMEM;
  s->id = id;
  s->pid = spawned->pid;
  s->terminal = terminal;
  s->next = streams;
  streams = s;
  stream_count++;
  // Two descriptors, so that each direction ends by itself and has its own place in the loop.
  int input = terminal ? fcntl(spawned->input, F_DUPFD_CLOEXEC, 3) : spawned->input;
  int error = open_channel(s, STDIN, input);
  if (!error) error = open_channel(s, STDOUT, spawned->output);
  if (!error) error = open_channel(s, STDERR, spawned->error);
  if (error) {
    hang_up(s);
    free_stream(s);
  }
  return error;
}

void stream_exec(uint32_t id, const uint8_t *payload, uint32_t length) {
  if (find_stream(id)) return port_lose_sync();
  if (stream_count >= MAX_STREAMS) return report_failure(id, EAGAIN, "exec");
  struct program program;
  struct spawned spawned;
  const char *what = "exec";
  int error = program_parse(&program, payload, length);
  if (!error) error = program_spawn(&program, &spawned, &what);
  if (!error) error = add_stream(id, program.terminal, &spawned);
  if (error) report_failure(id, -error, what);
  program_free(&program);
}

// --- input ----------------------------------------------------------------------------------------

static void end_input(struct stream *s) {
  struct channel *c = &s->channels[STDIN];
  if (s->terminal && c->fd >= 0) {
    // A terminal has no end; its reader takes this character for one.
    struct termios settings;
    uint8_t end = tcgetattr(c->fd, &settings) == 0 ? settings.c_cc[VEOF] : 4;
    if (write(c->fd, &end, 1) < 0) {
      // The reader has gone, or has a full line waiting and will see its own end.
    }
  }
  close_channel(c);
}

// The program takes no more input: tell the host, drop what waits.
static void refuse_input(struct channel *c) {
  c->stream->ring_length = 0;
  close_channel(c);
  c->ended = true;
  queue_channel(c);
}

// Bytes taken, less than `length` when the program has enough for now.
static uint32_t offer(struct channel *c, const uint8_t *bytes, uint32_t length) {
  uint32_t taken = 0;
  while (taken < length && c->io_ready) {
    ssize_t put = write(c->fd, bytes + taken, length - taken);
    if (put > 0) taken += (uint32_t)put;
    else if (put < 0 && errno == EINTR) continue;
    else if (put < 0 && errno == EAGAIN) c->io_ready = false;
    else {
      refuse_input(c);
      return length;
    }
  }
  c->credit += taken;
  // Granting in large steps costs fewer messages and never lets the host run dry.
  if (c->credit >= ring_size / 4) queue_channel(c);
  return taken;
}

static void drain_ring(struct stream *s) {
  struct channel *c = &s->channels[STDIN];
  while (s->ring_length > 0 && c->io_ready) {
    uint32_t piece = ring_size - s->ring_start;
    if (piece > s->ring_length) piece = s->ring_length;
    uint32_t taken = offer(c, s->ring + s->ring_start, piece);
    if (c->fd < 0) break;
    s->ring_start = (s->ring_start + taken) % ring_size;
    s->ring_length -= taken;
  }
  if (s->ring_length > 0) return;
  free(s->ring);
  s->ring = NULL;
  if (s->input_ending) end_input(s);
}

static bool keep(struct stream *s, const uint8_t *bytes, uint32_t length) {
  if (length > ring_size - s->ring_length) return false;
  if (!s->ring) {
    s->ring = malloc(ring_size);
    s->ring_start = 0;
    if (!s->ring) return false;
  }
  uint32_t at = (s->ring_start + s->ring_length) % ring_size;
  uint32_t first = length < ring_size - at ? length : ring_size - at;
  memcpy(s->ring + at, bytes, first);
  memcpy(s->ring, bytes + first, length - first);
  s->ring_length += length;
  return true;
}

static void take_input(struct stream *s, const uint8_t *bytes, uint32_t length) {
  struct channel *c = &s->channels[STDIN];
  if (c->fd < 0 || s->input_ending) return;
  uint32_t taken = s->ring_length == 0 ? offer(c, bytes, length) : 0;
  if (taken == length || keep(s, bytes + taken, length - taken)) return;
  // More than was granted, or no memory for what was: the bytes are lost, so the program must not go on as
  // if they were not.
  hang_up(s);
  refuse_input(c);
}

// --- output ---------------------------------------------------------------------------------------

// Reads what is there into `room`: 0 for nothing now, -1 at the end.
static int read_output(struct channel *c, uint8_t *room, uint32_t size) {
  uint32_t length = 0;
  while (length < size) {
    ssize_t got = read(c->fd, room + length, size - length);
    if (got < 0 && errno == EINTR) continue;
    // A terminal that nobody has open gives EIO; its program may open it again, and closing it now would hang
    // up a program that is only about to end.
    if (got < 0 && (errno == EAGAIN || (errno == EIO && !c->stream->exited))) {
      c->io_ready = false;
      break;
    }
    if (got <= 0) {
      // What was read before the end goes out first.
      if (length == 0) return -1;
      break;
    }
    length += (uint32_t)got;
    // A pipe gives all it has; only a terminal gives a line or a page at a time.
    if (!c->stream->terminal) break;
  }
  return (int)length;
}

static void end_output(struct channel *c) {
  close_channel(c);
  c->ended = true;
}

// Sends one frame of the channel's output; false when there was nothing to send.
static bool move_output(struct channel *c) {
  if (c->fd < 0 || !c->io_ready || c->credit == 0) return false;
  uint32_t size = c->credit < MAX_DATA ? c->credit : MAX_DATA;
  uint8_t *room = output_reserve(size);
  if (!room) return false;
  int length = read_output(c, room, size);
  if (length < 0) end_output(c);
  if (length <= 0) return false;
  output_commit(DATA, c->id, c->stream->id, (uint32_t)length);
  c->credit -= (uint32_t)length;
  return true;
}

static void send_end(struct channel *c) {
  if (!c->ended || c->end_sent) return;
  uint8_t type = c->id == STDIN ? CLOSE : END;
  c->end_sent = output_frame(type, c->id, c->stream->id, NULL, 0);
}

static void send_grant(struct channel *c) {
  if (c->id != STDIN || c->fd < 0 || c->credit < ring_size / 4) return;
  if (output_frame(CREDIT, STDIN, c->stream->id, &c->credit, sizeof c->credit)) c->credit = 0;
}

// --- the end --------------------------------------------------------------------------------------

static bool lingers(const struct stream *s) { return now_ms() < s->exited_at + LINGER_MS; }

// True when everything the program wrote is on its way.
static bool output_done(struct stream *s) {
  for (int i = STDOUT; i <= STDERR; i++) {
    struct channel *c = &s->channels[i];
    // Children that outlive the program and hold its pipes do not keep it alive for the host.
    if (c->fd >= 0 && !c->io_ready && !lingers(s)) end_output(c);
    send_end(c);
    if (!c->end_sent) return false;
  }
  return true;
}

static void finish(struct stream *s) {
  if (!s->exited || !output_done(s)) return;
  uint8_t exit[8] = {0};
  if (WIFSIGNALED(s->status)) exit[1] = (uint8_t)WTERMSIG(s->status);
  else exit[0] = (uint8_t)WEXITSTATUS(s->status);
  if (output_frame(EXIT, 0, s->id, exit, sizeof exit)) free_stream(s);
}

void streams_reap(void) {
  int status, pid;
  while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
    for (struct stream *s = streams; s; s = s->next) {
      if (s->pid != pid || s->exited) continue;
      s->exited = true;
      s->status = status;
      s->exited_at = now_ms();
      // What it wrote last may have come without an event of its own yet.
      for (int i = STDOUT; i <= STDERR; i++) {
        if (s->channels[i].fd < 0) continue;
        s->channels[i].io_ready = true;
        queue_channel(&s->channels[i]);
      }
    }
  }
}

int streams_timeout(void) {
  int64_t nearest = -1;
  for (struct stream *s = streams; s; s = s->next) {
    if (!s->exited) continue;
    int64_t left = s->exited_at + LINGER_MS - now_ms();
    // Past its time it waits for the host's credit, and that comes by the port.
    if (left > 0 && (nearest < 0 || left < nearest)) nearest = left;
  }
  return (int)nearest;
}

// --- the loop's side ------------------------------------------------------------------------------

void channel_event(struct channel *c, uint32_t events) {
  c->io_ready = c->fd >= 0;
  if (c->fd >= 0 && c->id == STDIN && (events & EPOLLERR)) refuse_input(c);
  else if (c->id == STDIN) drain_ring(c->stream);
  else queue_channel(c);
}

bool streams_pump(void) {
  for (int frames = 0; frames < FRAMES_PER_PUMP;) {
    if (!output_flush()) return false;
    struct channel *c = take_ready();
    if (!c) break;
    send_grant(c);
    if (c->id == STDIN) {
      send_end(c);
    } else if (move_output(c)) {
      queue_channel(c);
      frames++;
    } else {
      send_end(c);
    }
  }
  for (struct stream *s = streams, *next; s; s = next) {
    next = s->next;
    finish(s);
  }
  return output_flush() && ready_first;
}

static void set_size(struct stream *s, struct reader *r) {
  struct winsize size = {.ws_col = read_u16(r)};
  size.ws_row = read_u16(r);
  if (!r->failed && s->terminal && s->channels[STDOUT].fd >= 0) ioctl(s->channels[STDOUT].fd, TIOCSWINSZ, &size);
}

static void add_credit(struct channel *c, uint32_t bytes) {
  if (c->id == STDIN || bytes > host_window - c->credit) return port_lose_sync();
  c->credit += bytes;
  queue_channel(c);
}

static void close_output(struct channel *c) {
  if (c->id == STDIN || c->fd < 0) return;
  // With a terminal this is the line going dead: the kernel hangs up its session.
  if (c->stream->terminal) close_channel(&c->stream->channels[STDIN]);
  end_output(c);
  queue_channel(c);
}

void stream_frame(const struct frame *frame) {
  // A program may have ended while this was on its way.
  struct stream *s = find_stream(frame->header.stream);
  if (!s || frame->header.channel > STDERR) return;
  struct channel *c = &s->channels[frame->header.channel];
  struct reader r = {frame->payload, frame->payload + frame->header.length, false};
  switch (frame->header.type) {
    case DATA:
      if (c->id == STDIN) take_input(s, frame->payload, frame->header.length);
      break;
    case END:
      if (c->id != STDIN) break;
      s->input_ending = true;
      if (s->ring_length == 0) end_input(s);
      break;
    case CLOSE:
      close_output(c);
      break;
    case CREDIT:
      add_credit(c, read_u32(&r));
      break;
    case RESIZE:
      set_size(s, &r);
      break;
    case SIGNAL:
      signal_group(s, (int)read_u32(&r));
      break;
    default:
      break;
  }
}
