#include "manage.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "cgroup.h"
#include "error.h"
#include "file.h"
#include "hooks.h"
#include "kernel.h"

static const struct {
  const char *name;
  int number;
} signals[] = {
    {"HUP", SIGHUP},       {"INT", SIGINT},   {"QUIT", SIGQUIT},   {"ILL", SIGILL},     {"TRAP", SIGTRAP},
    {"ABRT", SIGABRT},     {"IOT", SIGIOT},   {"BUS", SIGBUS},     {"FPE", SIGFPE},     {"KILL", SIGKILL},
    {"USR1", SIGUSR1},     {"SEGV", SIGSEGV}, {"USR2", SIGUSR2},   {"PIPE", SIGPIPE},   {"ALRM", SIGALRM},
    {"TERM", SIGTERM},     {"STKFLT", 16},    {"CHLD", SIGCHLD},   {"CLD", SIGCHLD},    {"CONT", SIGCONT},
    {"STOP", SIGSTOP},     {"TSTP", SIGTSTP}, {"TTIN", SIGTTIN},   {"TTOU", SIGTTOU},   {"URG", SIGURG},
    {"XCPU", SIGXCPU},     {"XFSZ", SIGXFSZ}, {"VTALRM", SIGVTALRM}, {"PROF", SIGPROF}, {"WINCH", SIGWINCH},
    {"IO", SIGIO},         {"POLL", SIGPOLL}, {"PWR", SIGPWR},     {"SYS", SIGSYS},
};

// The numbers of real-time signals as the kernel and docker count them.
#define FIRST_REALTIME 34
#define LAST_REALTIME 64

static int realtime_signal(const char *name) {
  char *end;
  bool from_last = strncasecmp(name, "RTMAX", 5) == 0;
  if (!from_last && strncasecmp(name, "RTMIN", 5) != 0) return -1;
  long offset = name[5] ? strtol(name + 5, &end, 10) : 0;
  if (name[5] && *end) return -1;
  long number = (from_last ? LAST_REALTIME : FIRST_REALTIME) + offset;
  return number >= FIRST_REALTIME && number <= LAST_REALTIME ? (int)number : -1;
}

int signal_number(const char *name) {
  char *end;
  long number = strtol(name, &end, 10);
  if (*name && !*end && number > 0 && number <= LAST_REALTIME) return (int)number;
  const char *bare = strncasecmp(name, "SIG", 3) == 0 ? name + 3 : name;
  for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) {
    if (strcasecmp(bare, signals[i].name) == 0) return signals[i].number;
  }
  int realtime = realtime_signal(bare);
  return realtime >= 0 ? realtime : fail(INVALID_ARGUMENT, "Invalid signal: %s", name);
}

int manage_running(struct arena *arena, const char *id, struct state *state, bool paused) {
  if (state_read(arena, id, state) < 0) return -1;
  enum status status = state_status(state);
  if (status == STOPPED || (status == CREATED && paused)) return fail(FAILED_PRECONDITION, "Container %s is not running", id);
  if (status == PAUSED && !paused) {
    return fail(FAILED_PRECONDITION, "Container %s is paused, unpause the container before exec", id);
  }
  return 0;
}

// Nobody else has got the pid meanwhile: the descriptor is opened before it is looked at.
static int signal_process(const struct state *state, int number) {
  int process = pidfd_open(state->pid);
  int result = process < 0 ? fail(FAILED_PRECONDITION, "Container %s is not running", state->id) : 0;
  if (result == 0 && process_started(state->pid) != state->pid_started) {
    result = fail(FAILED_PRECONDITION, "Container %s is not running", state->id);
  } else if (result == 0 && pidfd_signal(process, number) < 0) {
    result = fail_os("signal %d to %s", number, state->id);
  }
  if (process >= 0) close(process);
  return result;
}

static int signal_all(const struct state *state, int number) {
  if (number == SIGKILL) return cgroup_kill(state->cgroup);
  int cgroup = cgroup_open(state->cgroup);
  if (cgroup < 0) return -1;
  static char pids[64 << 10];
  int length = file_peek(cgroup, "cgroup.procs", pids, sizeof pids);
  close(cgroup);
  char *next;
  for (char *line = length > 0 ? strtok_r(pids, "\n", &next) : NULL; line; line = strtok_r(NULL, "\n", &next)) {
    kill(atoi(line), number);
  }
  return length < 0 ? fail_os("cgroup.procs of %s", state->id) : 0;
}

int manage_kill(const char *id, int number, bool all) {
  struct arena arena = {0};
  struct state state;
  int result = state_read(&arena, id, &state);
  if (result == 0) result = all ? signal_all(&state, number) : signal_process(&state, number);
  arena_free(&arena);
  return result;
}

int manage_freeze(const char *id, bool frozen) {
  struct arena arena = {0};
  struct state state;
  int result = manage_running(&arena, id, &state, true);
  if (result == 0 && cgroup_is_frozen(state.cgroup) == frozen) {
    result = fail(FAILED_PRECONDITION, "Container %s is %s paused", id, frozen ? "already" : "not");
  }
  if (result == 0) result = cgroup_freeze(state.cgroup, frozen);
  arena_free(&arena);
  return result;
}

int manage_delete(const char *id, bool force) {
  struct arena arena = {0};
  struct state state;
  int result = state_read(&arena, id, &state);
  if (result == 0 && state_status(&state) != STOPPED && !force) {
    result = fail(FAILED_PRECONDITION, "cannot delete container %s that is not stopped", id);
  }
  if (result == 0) result = cgroup_remove(state.cgroup);
  if (result == 0) {
    network_remove(&state.network);
    size_t length;
    char *text = file_read(&arena, AT_FDCWD, arena_format(&arena, "%s/config.json", state.bundle), &length);
    const struct json *config = text ? json_parse(&arena, text, length) : NULL;
    state_remove(id);
    if (config) hooks_run_all(config, "poststop", &state, "stopped");
  }
  arena_free(&arena);
  return result;
}

int manage_update(const char *id, const struct json *resources) {
  struct arena arena = {0};
  struct state state;
  int result = manage_running(&arena, id, &state, true);
  int cgroup = result == 0 ? cgroup_open(state.cgroup) : -1;
  if (result == 0) result = cgroup < 0 ? -1 : cgroup_limit(cgroup, resources);
  if (cgroup >= 0) close(cgroup);
  arena_free(&arena);
  return result;
}
