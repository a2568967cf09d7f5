#define _GNU_SOURCE
#include "launch.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cgroup.h"
#include "container.h"
#include "error.h"
#include "file.h"
#include "hooks.h"
#include "kernel.h"
#include "report.h"
#include "sync.h"
#include "terminal.h"

// --- this program ---------------------------------------------------------------------------------

static bool is_protected(const char *path) {
  struct statfs status;
  return statfs(path, &status) == 0 && status.f_flags & ST_RDONLY;
}

int protect_program(char **arguments) {
  // What is not the first process of a container yet must not be looked into from there (CVE-2016-9962).
  prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  if (is_protected("/proc/self/exe")) return 0;
  char path[PATH_MAX];
  ssize_t length = readlink("/proc/self/exe", path, sizeof path - 1);
  if (length < 0) return fail_os("/proc/self/exe");
  path[length] = 0;
  struct mount_attributes read_only = {.set = ATTR_RDONLY, .propagation = MS_PRIVATE};
  int tree = open_tree(AT_FDCWD, path, TREE_CLONE | TREE_CLOEXEC);
  bool done = tree >= 0 && mount_setattr(tree, "", AT_EMPTY_PATH, &read_only) == 0 &&
              move_mount(tree, "", AT_FDCWD, path, MOVE_FROM_FD) == 0;
  if (!done) return fail_os("read-only mount of %s", path);
  close(tree);
  if (!is_protected(path)) return fail(INTERNAL, "%s is not on a read-only mount", path);
  extern char **environ;
  execve(path, arguments, environ);
  return fail_os("exec %s", path);
}

// --- beginning ------------------------------------------------------------------------------------

static int clone_child(struct container *c, int ends[2]) {
  if (namespaces_prepare(c->config, &c->namespaces) < 0 || sync_open(ends) < 0) return -1;
  // Those two a child makes or gets in another way: namespaces.c.
  uint64_t made = c->namespaces.made & ~(uint64_t)(CLONE_NEWCGROUP | CLONE_NEWTIME);
  struct clone_arguments arguments = {
      .flags = made | CLONE_TO_CGROUP, .exit_signal = SIGCHLD, .cgroup = (uint64_t)c->cgroup};
  int pid = clone3(&arguments);
  if (pid < 0) return fail_os("clone3 with the namespaces");
  if (pid == 0) {
    close(ends[0]);
    c->sync = ends[1];
    container_begin(c);
  }
  close(ends[1]);
  return pid;
}

static int set_oom_score(const struct container *c) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/oom_score_adj", c->state.pid);
  if (!c->process.oom_score || file_poke(AT_FDCWD, path, c->process.oom_score) == 0) return 0;
  return fail_os("oomScoreAdj %s", c->process.oom_score);
}

static int write_pid(const char *path, int pid) {
  char text[16];
  if (!path) return 0;
  snprintf(text, sizeof text, "%d", pid);
  return file_replace(path, text, strlen(text));
}

// What programs that join the container need and would have to work out again.
static int keep_seccomp(const struct container *c) {
  char path[512];
  const struct seccomp *seccomp = &c->process.seccomp;
  if (seccomp->length == 0) return 0;
  if (state_path(path, sizeof path, c->state.id, "seccomp.bpf") < 0) return -1;
  return file_replace(path, seccomp->program, seccomp->length * sizeof *seccomp->program);
}

// The launcher's part while the child waits.
static int prepare_child(struct container *c, const struct launch_options *options) {
  struct state *state = &c->state;
  state->pid_started = process_started(state->pid);
  state->created = now_milliseconds();
  if (c->namespaces.made & CLONE_NEWUSER && namespaces_map_users(c->config, state->pid) < 0) return -1;
  if (network_create(&state->network, state->pid) < 0 || set_oom_score(c) < 0 || keep_seccomp(c) < 0) return -1;
  if (hooks_run(c->config, "prestart", state, "creating") < 0) return -1;
  if (hooks_run(c->config, "createRuntime", state, "creating") < 0) return -1;
  return write_pid(options->pid_file, state->pid);
}

// Takes what the child says until it is its program (SYNC_END) or waits for its start (SYNC_READY).
static int follow_child(int sync, enum sync_kind end, int *terminal) {
  *terminal = -1;
  for (;;) {
    int descriptor;
    enum sync_kind kind = sync_receive(sync, &descriptor);
    if (kind == end) return 0;
    if (kind == SYNC_TERMINAL) *terminal = descriptor;
    else if (kind == SYNC_FAILED) return -1;
    else return fail(INTERNAL, "The container's first process ended before it was its program");
  }
}

static void end_child(const struct container *c) {
  if (c->state.pid <= 0) return;
  kill(c->state.pid, SIGKILL);
  while (waitpid(c->state.pid, NULL, 0) < 0 && errno == EINTR) continue;
}

static void clean_up(const struct container *c) {
  cgroup_remove(c->state.cgroup);
  network_remove(&c->state.network);
  state_remove(c->state.id);
}

static int failed(const char *id) {
  dprintf(STDERR_FILENO, "strata-oci: %s\n", last_error.message);
  report_failed(id, NULL);
  return last_error.exit_code;
}

static int open_gate(struct container *c) {
  char path[512];
  if (state_path(path, sizeof path, c->state.id, "gate") < 0) return -1;
  // Open for both, so that reading waits for a byte and not for the other end.
  if (mkfifo(path, 0600) < 0 || (c->gate = open(path, O_RDWR | O_CLOEXEC)) < 0) return fail_os("%s", path);
  return 0;
}

// From the bundle to a first process that runs its program, or is ready to.
static int begin(struct container *c, const struct launch_options *options, bool gated, int *terminal) {
  int ends[2] = {-1, -1};
  block_signals();
  if ((gated && open_gate(c) < 0) || container_take(c) < 0) return -1;
  int pid = clone_child(c, ends);
  if (pid < 0) return -1;
  c->state.pid = pid;
  container_release(c);
  if (c->program >= 0) close(c->program);
  if (c->gate >= 0) close(c->gate);
  int result = prepare_child(c, options);
  if (result == 0 && !gated) {
    c->state.started = now_milliseconds();
    c->state.launcher = getpid();
  }
  if (result == 0) result = state_write(&c->state);
  if (result == 0) result = sync_send(ends[0], SYNC_GO, -1);
  if (result == 0) result = follow_child(ends[0], gated ? SYNC_READY : SYNC_END, terminal);
  close(ends[0]);
  if (result < 0) {
    struct error error = last_error;
    end_child(c);
    last_error = error;
  }
  return result;
}

// --- run ------------------------------------------------------------------------------------------

static bool was_oom_killed(const char *path) {
  int cgroup = cgroup_open(path);
  bool killed = cgroup >= 0 && cgroup_number(cgroup, "memory.events", "oom_kill", 0) > 0;
  if (cgroup >= 0) close(cgroup);
  return killed;
}

static int finish(struct container *c, int status, bool keep) {
  int signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
  int code = signal ? 128 + signal : WEXITSTATUS(status);
  bool oom_killed = was_oom_killed(c->state.cgroup);
  if (!keep) clean_up(c);
  report_exited(c->state.id, code, signal, oom_killed);
  return code;
}

int launch_run(const struct launch_options *options) {
  static struct container c;
  int terminal;
  if (state_reserve(options->id) < 0) return failed(options->id);
  if (container_load(&c, options->bundle, options->id) < 0) {
    state_remove(options->id);
    return failed(options->id);
  }
  if (begin(&c, options, false, &terminal) < 0) {
    struct error error = last_error;
    clean_up(&c);
    last_error = error;
    return failed(options->id);
  }
  report_started(&c.state);
  hooks_run_all(c.config, "poststart", &c.state, "running");
  bool has_poststop = json_find(c.config, "hooks.poststop") != NULL;
  struct state *state = &c.state;
  // A launcher may be there for years: it keeps four words of what it read.
  static char id[160], cgroup[PATH_MAX];
  if (!has_poststop) {
    snprintf(id, sizeof id, "%s", state->id);
    snprintf(cgroup, sizeof cgroup, "%s", state->cgroup);
    state->id = id;
    state->cgroup = cgroup;
    arena_free(&c.arena);
  }
  int status = terminal >= 0 ? terminal_relay(terminal, state->pid) : await_child(state->pid);
  int code = finish(&c, status, options->keep);
  if (has_poststop) hooks_run_all(c.config, "poststop", state, "stopped");
  return code;
}

// --- create, start --------------------------------------------------------------------------------

// The terminal's descriptor to whoever listens there (the convention of runc's --console-socket).
static int send_terminal(const char *path, int terminal) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  if (!path) return fail(INVALID_ARGUMENT, "A container with a terminal needs --console-socket");
  if (snprintf(address.sun_path, sizeof address.sun_path, "%s", path) >= (int)sizeof address.sun_path) {
    return fail(INVALID_ARGUMENT, "%s: too long for a socket", path);
  }
  int end = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  int result = end < 0 || connect(end, (struct sockaddr *)&address, sizeof address) < 0 ? fail_os("console socket %s", path)
                                                                                         : sync_send(end, SYNC_TERMINAL, terminal);
  if (end >= 0) close(end);
  return result;
}

int launch_create(const struct launch_options *options) {
  static struct container c;
  int terminal = -1;
  if (state_reserve(options->id) < 0) return failed(options->id);
  if (container_load(&c, options->bundle, options->id) < 0) {
    state_remove(options->id);
    return failed(options->id);
  }
  int result = begin(&c, options, true, &terminal);
  if (result == 0 && terminal >= 0) result = send_terminal(options->console_socket, terminal);
  if (result == 0) return 0;
  struct error error = last_error;
  end_child(&c);
  clean_up(&c);
  last_error = error;
  return failed(options->id);
}

int launch_start(const char *id) {
  struct arena arena = {0};
  struct state state;
  char path[512];
  if (state_read(&arena, id, &state) < 0) return -1;
  enum status status = state_status(&state);
  if (status == STOPPED) return fail(FAILED_PRECONDITION, "cannot start a container that has stopped");
  if (status != CREATED) return fail(FAILED_PRECONDITION, "cannot start an already running container");
  state.started = now_milliseconds();
  if (state_path(path, sizeof path, id, "gate") < 0 || state_write(&state) < 0) return -1;
  int gate = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
  int result = gate < 0 || write(gate, "", 1) != 1 ? fail_os("%s", path) : 0;
  // The other end is closed by the program's start, or by the process's end: hooks for what has started come after it.
  if (result == 0) poll(&(struct pollfd){.fd = gate}, 1, -1);
  if (gate >= 0) close(gate);
  if (result < 0) return -1;
  unlink(path);
  report_started(&state);
  size_t length;
  char *text = file_read(&arena, AT_FDCWD, arena_format(&arena, "%s/config.json", state.bundle), &length);
  const struct json *config = text ? json_parse(&arena, text, length) : NULL;
  if (config) hooks_run_all(config, "poststart", &state, "running");
  arena_free(&arena);
  return 0;
}
