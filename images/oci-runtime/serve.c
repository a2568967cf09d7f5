#include "serve.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "calls.h"
#include "error.h"
#include "file.h"
#include "report.h"
#include "serve-output.h"
#include "watch.h"

#define MAX_LINE (1u << 20)
#define MAX_REPORT (64u << 10)

// --- output ---------------------------------------------------------------------------------------

static void write_all(const char *bytes, size_t length) {
  while (length > 0) {
    ssize_t put = write(STDOUT_FILENO, bytes, length);
    // Without the engine there is nobody to serve.
    if (put < 0 && errno != EINTR) exit(0);
    if (put > 0) bytes += put, length -= (size_t)put;
  }
}

void output_line(const char *line, size_t length) {
  write_all(line, length);
  write_all("\n", 1);
}

struct text output_event(const char *event, const char *id) {
  struct text out = {0};
  text_add(&out, "{");
  text_member(&out, "event", event);
  text_member(&out, "container", id);
  return out;
}

void output_send(struct text *object) {
  text_add(object, "}\n");
  write_all(object->bytes, object->length);
  text_free(object);
}

void serve_event(const char *event, const char *id) {
  struct text out = output_event(event, id);
  text_number(&out, "at", now_milliseconds());
  output_send(&out);
}

// --- requests -------------------------------------------------------------------------------------

static void answer(const struct json *id, int result, struct text *members) {
  struct text out = {0};
  text_add(&out, "{");
  text_key(&out, "id");
  if (id) json_write(&out, id);
  else text_add(&out, "null");
  text_key(&out, result < 0 ? "error" : "result");
  text_add(&out, "{");
  if (result < 0) {
    text_member(&out, "code", error_name(last_error.code));
    text_member(&out, "message", last_error.message);
  } else {
    text_bytes(&out, members->bytes, members->length);
  }
  text_add(&out, "}");
  output_send(&out);
}

static void handle(char *line, size_t length) {
  struct arena arena = {0};
  struct text members = {0};
  const struct json *request = json_parse(&arena, line, length);
  const struct json *id = json_get(request, "id");
  int result = -1;
  if (request) {
    const char *name = json_text(json_get(request, "call"), NULL);
    struct call call = {&arena, request, &members};
    if (name) result = call_dispatch(name, &call);
    else fail(INVALID_ARGUMENT, "A request has no call");
  }
  answer(id, result, &members);
  text_free(&members);
  arena_free(&arena);
}

static struct text input;
// A line that is too long is left out to its end.
static bool skipping;

static void take_lines(void) {
  size_t start = 0;
  for (char *end; (end = memchr(input.bytes + start, '\n', input.length - start));) {
    size_t length = (size_t)(end - input.bytes) - start;
    *end = 0;
    if (!skipping && length > 0) handle(input.bytes + start, length);
    skipping = false;
    start += length + 1;
  }
  memmove(input.bytes, input.bytes + start, input.length - start);
  input.length -= start;
  if (input.length <= MAX_LINE) return;
  if (!skipping) {
    fail(RESOURCE_EXHAUSTED, "A request is longer than %u bytes", MAX_LINE);
    answer(NULL, -1, NULL);
  }
  skipping = true;
  input.length = 0;
}

static bool take_input(void) {
  char bytes[16384];
  ssize_t got = read(STDIN_FILENO, bytes, sizeof bytes);
  if (got == 0 || (got < 0 && errno != EINTR && errno != EAGAIN)) return false;
  if (got > 0) text_bytes(&input, bytes, (size_t)got);
  if (got > 0) take_lines();
  // What a long request took is given back.
  if (input.length == 0 && input.size > 4096) text_free(&input);
  return true;
}

// --- reports --------------------------------------------------------------------------------------

static int open_reports(void) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  if (make_directories(state_root, 0711) < 0) return -1;
  if (snprintf(address.sun_path, sizeof address.sun_path, "%s/%s", state_root, REPORT_SOCKET) >= (int)sizeof address.sun_path) {
    return fail(INVALID_ARGUMENT, "%s: too long for a socket", state_root);
  }
  unlink(address.sun_path);
  int end = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  mode_t before = umask(0177);
  int failed = end < 0 || bind(end, (struct sockaddr *)&address, sizeof address) < 0;
  umask(before);
  return failed ? fail_os("%s", address.sun_path) : end;
}

static void take_report(char *bytes, size_t length) {
  struct arena arena = {0};
  char *copy = arena_copy(&arena, bytes, length);
  const struct json *report = json_parse(&arena, copy, length);
  const char *event = json_text(json_get(report, "event"), ""), *id = json_text(json_get(report, "container"), "");
  if (strcmp(event, "started") == 0) watch_add(id, true);
  if (strcmp(event, "exited") == 0) watch_remove(id, json_true(json_get(report, "oomKilled")));
  if (*event) output_line(bytes, length);
  arena_free(&arena);
}

static void take_reports(int reports) {
  static char bytes[MAX_REPORT];
  for (ssize_t got; (got = recv(reports, bytes, sizeof bytes - 1, 0)) > 0;) take_report(bytes, (size_t)got);
}

// --- the loop -------------------------------------------------------------------------------------

static void watch_known(const char *id, void *context) {
  (void)context;
  watch_add(id, false);
}

int serve_run(void) {
  signal(SIGPIPE, SIG_IGN);
  int reports = open_reports();
  if (reports < 0 || watch_open() < 0 || state_list(watch_known, NULL) < 0) return -1;
  static struct pollfd fds[MAX_WATCH_FDS + 2];
  for (;;) {
    fds[0] = (struct pollfd){.fd = STDIN_FILENO, .events = POLLIN};
    fds[1] = (struct pollfd){.fd = reports, .events = POLLIN};
    size_t count = 2 + watch_fds(fds + 2);
    if (poll(fds, count, -1) < 0 && errno != EINTR) return fail_os("poll");
    take_reports(reports);
    watch_check();
    if (fds[0].revents && !take_input()) return 0;
  }
}
