#include "report.h"

#include <stdio.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "error.h"

// How long a `serve` that is busy may take before its launchers go on without it.
#define PATIENCE_S 5

static void send_report(struct text *event) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  int length = snprintf(address.sun_path, sizeof address.sun_path, "%s/%s", state_root, REPORT_SOCKET);
  int end = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (end >= 0 && length < (int)sizeof address.sun_path) {
    setsockopt(end, SOL_SOCKET, SO_SNDTIMEO, &(struct timeval){.tv_sec = PATIENCE_S}, sizeof(struct timeval));
    // Nobody has to be there; the state directory says the same.
    if (sendto(end, event->bytes, event->length, MSG_NOSIGNAL, (struct sockaddr *)&address, sizeof address) < 0) event->length = 0;
  }
  if (end >= 0) close(end);
  text_free(event);
}

static struct text begin(const char *event, const char *id) {
  struct text out = {0};
  text_add(&out, "{");
  text_member(&out, "event", event);
  text_member(&out, "container", id);
  return out;
}

void report_started(const struct state *state) {
  struct text out = begin("started", state->id);
  text_number(&out, "pid", state->pid);
  text_number(&out, "launcher", state->launcher);
  text_number(&out, "at", state->started);
  text_key(&out, "interfaces");
  network_write(&out, &state->network);
  text_add(&out, "}");
  send_report(&out);
}

void report_failed(const char *id, const char *exec) {
  struct text out = begin("failed", id);
  if (exec) text_member(&out, "exec", exec);
  text_number(&out, "code", last_error.exit_code);
  text_member(&out, "message", last_error.message);
  text_add(&out, "}");
  send_report(&out);
}

void report_executed(const char *id, const char *exec, int pid) {
  struct text out = begin("executed", id);
  text_member(&out, "exec", exec);
  text_number(&out, "pid", pid);
  text_add(&out, "}");
  send_report(&out);
}

void report_exited(const char *id, int code, int signal, bool oom_killed) {
  struct text out = begin("exited", id);
  text_number(&out, "code", code);
  text_number(&out, "signal", signal);
  text_flag(&out, "oomKilled", oom_killed);
  text_number(&out, "at", now_milliseconds());
  text_add(&out, "}");
  send_report(&out);
}
