#include "watch.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "cgroup.h"
#include "error.h"
#include "kernel.h"
#include "serve-output.h"

struct watched {
  char *id;
  char cgroup[512];
  // Readable once the process has ended; -1: it has, or there is none.
  int process, launcher;
  bool has_launcher;
  uint64_t kills;
};

static struct watched list[MAX_WATCHED];
static size_t count;
static int notify = -1;

int watch_open(void) {
  notify = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
  return notify < 0 ? fail_os("inotify") : 0;
}

static struct watched *find(const char *id) {
  for (size_t i = 0; i < count; i++) {
    if (strcmp(list[i].id, id) == 0) return &list[i];
  }
  return NULL;
}

static uint64_t read_kills(const char *path) {
  int cgroup = cgroup_open(path);
  if (cgroup < 0) return 0;
  uint64_t kills = cgroup_number(cgroup, "memory.events", "oom_kill", 0);
  close(cgroup);
  return kills;
}

void watch_add(const char *id, bool is_news) {
  struct arena arena = {0};
  struct state state;
  bool is_known = count < MAX_WATCHED && !find(id) && state_read(&arena, id, &state) == 0;
  bool has_ended = is_known && state_status(&state) == STOPPED;
  if (is_known && (is_news || !has_ended)) {
    struct watched *w = &list[count++];
    *w = (struct watched){.id = strdup(id), .process = has_ended ? -1 : pidfd_open(state.pid), .launcher = -1};
    snprintf(w->cgroup, sizeof w->cgroup, "%s", state.cgroup);
    w->has_launcher = state.launcher > 0;
    if (w->has_launcher) w->launcher = pidfd_open(state.launcher);
    w->kills = read_kills(w->cgroup);
    char path[600];
    snprintf(path, sizeof path, "%s%s/memory.events", CGROUP_ROOT, w->cgroup);
    // It goes by itself with the file.
    inotify_add_watch(notify, path, IN_MODIFY);
  }
  arena_free(&arena);
}

static void tell_kills(struct watched *w, uint64_t kills) {
  if (kills <= w->kills) return;
  w->kills = kills;
  struct text out = output_event("oom", w->id);
  text_number(&out, "kills", (int64_t)kills);
  output_send(&out);
}

static void drop(struct watched *w) {
  if (w->process >= 0) close(w->process);
  if (w->launcher >= 0) close(w->launcher);
  free(w->id);
  *w = list[--count];
}

void watch_remove(const char *id, bool oom_killed) {
  struct watched *w = find(id);
  if (!w) return;
  // The cgroup may have gone before anybody looked.
  if (oom_killed && w->kills == 0) tell_kills(w, 1);
  drop(w);
}

// Its launcher is gone: nobody knows the code, and nobody has cleaned up. What `create` made is left to `delete`.
static void tell_lost(struct watched *w) {
  struct arena arena = {0};
  struct state state;
  bool oom_killed = read_kills(w->cgroup) > 0;
  if (w->has_launcher && state_read(&arena, w->id, &state) == 0) {
    cgroup_remove(state.cgroup);
    network_remove(&state.network);
    state_remove(w->id);
  }
  arena_free(&arena);
  struct text out = output_event("exited", w->id);
  text_key(&out, "code");
  text_add(&out, "null");
  text_number(&out, "signal", 0);
  text_flag(&out, "oomKilled", oom_killed);
  text_number(&out, "at", now_milliseconds());
  output_send(&out);
  drop(w);
}

size_t watch_fds(struct pollfd fds[MAX_WATCH_FDS]) {
  size_t n = 0;
  fds[n++] = (struct pollfd){.fd = notify, .events = POLLIN};
  for (size_t i = 0; i < count; i++) {
    if (list[i].process >= 0) fds[n++] = (struct pollfd){.fd = list[i].process, .events = POLLIN};
    // As long as the process lives its launcher's end changes nothing.
    else if (list[i].launcher >= 0) fds[n++] = (struct pollfd){.fd = list[i].launcher, .events = POLLIN};
  }
  return n;
}

static bool has_ended(int *process) {
  if (*process < 0) return true;
  if (poll(&(struct pollfd){.fd = *process, .events = POLLIN}, 1, 0) != 1) return false;
  close(*process);
  *process = -1;
  return true;
}

void watch_check(void) {
  char events[4096];
  bool changed = read(notify, events, sizeof events) > 0;
  for (size_t i = count; i-- > 0;) {
    struct watched *w = &list[i];
    if (changed) tell_kills(w, read_kills(w->cgroup));
    if (has_ended(&w->process) && has_ended(&w->launcher)) tell_lost(w);
  }
}
