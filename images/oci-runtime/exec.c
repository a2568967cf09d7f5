#define _GNU_SOURCE
#include "exec.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cgroup.h"
#include "error.h"
#include "file.h"
#include "kernel.h"
#include "manage.h"
#include "namespaces.h"
#include "process.h"
#include "report.h"
#include "sync.h"
#include "terminal.h"

struct joiner {
  struct arena arena;
  struct state state;
  struct process process;
  int target, cgroup, sync;
  bool has_user_namespace;
};

// --- what shall run -------------------------------------------------------------------------------

static void add(struct arena *arena, struct json *object, const char *key, const struct json *value) {
  struct json *copy = arena_alloc(arena, sizeof *copy);
  *copy = *value;
  copy->key = key;
  // In front, so that it is found before what the container's own process says.
  copy->next = object->first;
  object->first = copy;
}

static void add_text(struct arena *arena, struct json *object, const char *key, const char *text) {
  add(arena, object, key, &(struct json){.type = JSON_STRING, .text = text});
}

static struct json *array_of(struct arena *arena, char *const *texts) {
  struct json *array = arena_alloc(arena, sizeof *array), **last = &array->first;
  array->type = JSON_ARRAY;
  for (; *texts; texts++, last = &(*last)->next) {
    *last = arena_alloc(arena, sizeof **last);
    **last = (struct json){.type = JSON_STRING, .text = *texts};
  }
  return array;
}

static const struct json *own_process(struct joiner *j) {
  size_t length;
  char *text = file_read(&j->arena, AT_FDCWD, arena_format(&j->arena, "%s/config.json", j->state.bundle), &length);
  const struct json *config = text ? json_parse(&j->arena, text, length) : NULL;
  return config ? json_get(config, "process") : NULL;
}

static const struct json *given_process(struct joiner *j, const struct exec_options *o) {
  if (o->json) return json_parse(&j->arena, arena_copy(&j->arena, o->json, strlen(o->json)), strlen(o->json));
  size_t length;
  char *text = file_read(&j->arena, AT_FDCWD, o->process_file, &length);
  return text ? json_parse(&j->arena, text, length) : NULL;
}

// A whole `process` stands for itself; what one leaves out is as in the container's own.
static bool is_whole(const struct json *process) {
  return json_get(process, "args") && json_get(process, "env") && json_get(process, "cwd") &&
         json_get(process, "user") && json_get(process, "capabilities");
}

static bool has_name(const char *const *environment, const char *entry) {
  size_t length = strcspn(entry, "=");
  for (; *environment; environment++) {
    if (strncmp(*environment, entry, length) == 0 && (*environment)[length] == '=') return true;
  }
  return false;
}

// Those given here take the place of others of the same name.
static void join_environment(struct arena *arena, struct json *process, const struct exec_options *o) {
  if (!o->environment[0]) return;
  struct json *all = array_of(arena, (char *const *)o->environment);
  struct json **last = &all->first;
  while (*last) last = &(*last)->next;
  json_each(entry, json_get(process, "env")) {
    if (has_name(o->environment, json_text(entry, ""))) continue;
    struct json *copy = arena_alloc(arena, sizeof *copy);
    *copy = (struct json){.type = entry->type, .text = entry->text};
    *last = copy;
    last = &copy->next;
  }
  add(arena, process, "env", all);
}

static int make_process(struct joiner *j, const struct exec_options *o) {
  const struct json *given = o->json || o->process_file ? given_process(j, o) : NULL;
  if ((o->json || o->process_file) && !given) return -1;
  struct json *process = arena_alloc(&j->arena, sizeof *process);
  process->type = JSON_OBJECT;
  if (!is_whole(given)) {
    const struct json *own = own_process(j);
    if (!own) return -1;
    json_each(member, own) {
      // A terminal and its size are each program's own.
      if (strcmp(member->key, "terminal") != 0 && strcmp(member->key, "consoleSize") != 0) add(&j->arena, process, member->key, member);
    }
  }
  json_each(member, given) add(&j->arena, process, member->key, member);
  if (o->arguments && *o->arguments) add(&j->arena, process, "args", array_of(&j->arena, o->arguments));
  if (o->cwd) add_text(&j->arena, process, "cwd", o->cwd);
  if (o->terminal) add(&j->arena, process, "terminal", &(struct json){.type = JSON_TRUE});
  if (o->user) {
    struct json *user = arena_alloc(&j->arena, sizeof *user);
    user->type = JSON_OBJECT;
    add_text(&j->arena, user, "username", o->user);
    add(&j->arena, process, "user", user);
  }
  join_environment(&j->arena, process, o);
  return process_parse(&j->arena, process, &j->process);
}

static int load_seccomp(struct joiner *j) {
  char path[512];
  if (state_path(path, sizeof path, j->state.id, "seccomp.bpf") < 0) return -1;
  if (access(path, F_OK) < 0) return 0;
  return seccomp_read(&j->arena, path, &j->process.seccomp);
}

// --- the way into the container -------------------------------------------------------------------

static bool differs(int pid, const char *file) {
  char path[64], own[64];
  struct stat theirs, ours;
  snprintf(path, sizeof path, "/proc/%d/ns/%s", pid, file);
  snprintf(own, sizeof own, "/proc/self/ns/%s", file);
  return stat(path, &theirs) == 0 && stat(own, &ours) == 0 && theirs.st_ino != ours.st_ino;
}

static int open_target(struct joiner *j) {
  j->target = pidfd_open(j->state.pid);
  if (j->target < 0 || process_started(j->state.pid) != j->state.pid_started) {
    return fail(FAILED_PRECONDITION, "Container %s is not running", j->state.id);
  }
  j->cgroup = cgroup_open(j->state.cgroup);
  if (j->cgroup < 0) return -1;
  j->has_user_namespace = differs(j->state.pid, "user");
  // Only children are in it.
  return setns(j->target, CLONE_NEWPID) < 0 ? fail_os("pid namespace of %s", j->state.id) : 0;
}

static int enter(struct joiner *j) {
  // All at once by the process itself; of the user namespace only another one can be entered.
  uint64_t kinds = CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP | CLONE_NEWTIME;
  if (j->has_user_namespace) kinds |= CLONE_NEWUSER;
  // Programs in there must not find the host's descriptors in this process.
  close(j->cgroup);
  int result = setns(j->target, (int)kinds);
  if (result < 0) return fail_os("namespaces of %s", j->state.id);
  close(j->target);
  if (process_leave_keyring() < 0) return -1;
  return j->has_user_namespace ? namespaces_become_root() : 0;
}

static int open_terminal(struct joiner *j) {
  if (!j->process.terminal) return 0;
  int master = terminal_open(false, j->process.columns, j->process.rows);
  int result = master < 0 ? -1 : sync_send(j->sync, SYNC_TERMINAL, master);
  if (master >= 0) close(master);
  return result;
}

static int become(struct joiner *j) {
  if (sync_receive(j->sync, NULL) != SYNC_GO) _exit(EXIT_RUNTIME);
  if (enter(j) < 0 || open_terminal(j) < 0) return -1;
  if (process_prepare(&j->process, &j->arena) < 0 || process_become(&j->process) < 0) return -1;
  const char *path = process_find(&j->process, &j->arena);
  if (!path) return -1;
  unblock_signals();
  return process_execute(&j->process, path);
}

static int clone_child(struct joiner *j, int *sync) {
  int ends[2];
  if (sync_open(ends) < 0) return -1;
  struct clone_arguments arguments = {
      .flags = CLONE_TO_CGROUP, .exit_signal = SIGCHLD, .cgroup = (uint64_t)j->cgroup};
  int pid = clone3(&arguments);
  if (pid < 0) return fail_os("clone3 into the cgroup of %s", j->state.id);
  if (pid == 0) {
    close(ends[0]);
    j->sync = ends[1];
    setsid();
    become(j);
    sync_send_error(j->sync);
    _exit(last_error.exit_code);
  }
  close(ends[1]);
  *sync = ends[0];
  return pid;
}

static int follow(int sync, int *terminal) {
  int descriptor;
  for (;;) {
    enum sync_kind kind = sync_receive(sync, &descriptor);
    if (kind == SYNC_END) return 0;
    if (kind == SYNC_TERMINAL) *terminal = descriptor;
    else return -1;
  }
}

static int set_oom_score(const struct joiner *j, int pid) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/oom_score_adj", pid);
  if (!j->process.oom_score || file_poke(AT_FDCWD, path, j->process.oom_score) == 0) return 0;
  return fail_os("oomScoreAdj %s", j->process.oom_score);
}

static int begin(struct joiner *j, const struct exec_options *o, int *pid, int *terminal) {
  if (manage_running(&j->arena, o->id, &j->state, false) < 0 || make_process(j, o) < 0 || load_seccomp(j) < 0) return -1;
  if (open_target(j) < 0) return -1;
  int sync = -1;
  block_signals();
  *pid = clone_child(j, &sync);
  if (*pid < 0) return -1;
  int result = set_oom_score(j, *pid);
  if (result == 0) result = sync_send(sync, SYNC_GO, -1);
  if (result == 0) result = follow(sync, terminal);
  close(sync);
  return result;
}

int exec_run(const struct exec_options *o) {
  static struct joiner j;
  int pid = -1, terminal = -1;
  if (begin(&j, o, &pid, &terminal) < 0) {
    dprintf(STDERR_FILENO, "strata-oci: %s\n", last_error.message);
    report_failed(o->id, o->name ? o->name : "");
    return last_error.exit_code;
  }
  if (o->name) report_executed(o->id, o->name, pid);
  close(j.target);
  close(j.cgroup);
  arena_free(&j.arena);
  int status = terminal >= 0 ? terminal_relay(terminal, pid) : await_child(pid);
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}
