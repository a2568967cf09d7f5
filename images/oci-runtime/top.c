// The call `top`: the processes of a container as ps shows them, from outside and with their pids inside.
#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "calls.h"
#include "cgroup.h"
#include "error.h"
#include "file.h"

#define MAX_PROCESSES 4096
#define TICKS_PER_SECOND 100
#define PAGE 4096

struct pids {
  int list[MAX_PROCESSES];
  size_t count;
};

// Those of a cgroup and of what the container made below it.
static void collect(int cgroup, struct pids *pids) {
  static char text[64 << 10];
  char *state;
  if (file_peek(cgroup, "cgroup.procs", text, sizeof text) > 0) {
    for (char *line = strtok_r(text, "\n", &state); line; line = strtok_r(NULL, "\n", &state)) {
      if (pids->count < MAX_PROCESSES) pids->list[pids->count++] = atoi(line);
    }
  }
  DIR *stream = fdopendir(dup(cgroup));
  if (!stream) return;
  rewinddir(stream);
  for (struct dirent *entry; (entry = readdir(stream));) {
    if (entry->d_type != DT_DIR || entry->d_name[0] == '.') continue;
    int below = openat(cgroup, entry->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (below >= 0) collect(below, pids);
    if (below >= 0) close(below);
  }
  closedir(stream);
}

static int compare(const void *a, const void *b) { return *(const int *)a - *(const int *)b; }

// --- one process ----------------------------------------------------------------------------------

struct row {
  char state, name[64];
  int parent, inside;
  unsigned tty, uid;
  uint64_t ticks, started, pages;
};

static bool read_stat(int pid, struct row *row) {
  char path[32], text[1024];
  snprintf(path, sizeof path, "/proc/%d/stat", pid);
  if (file_peek(AT_FDCWD, path, text, sizeof text) <= 0) return false;
  // The name is in brackets and may hold some, too.
  char *open = strchr(text, '('), *close = strrchr(text, ')');
  if (!open || !close) return false;
  *close = 0;
  snprintf(row->name, sizeof row->name, "%s", open + 1);
  uint64_t user, system;
  int got = sscanf(close + 1,
                   " %c %d %*d %*d %u %*d %*u %*u %*u %*u %*u %" SCNu64 " %" SCNu64 " %*d %*d %*d %*d %*d %*d %" SCNu64
                   " %*u %" SCNu64, &row->state, &row->parent, &row->tty, &user, &system, &row->started, &row->pages);
  row->ticks = user + system;
  return got == 7;
}

// The innermost of its pids is the one the container knows.
static void read_status(int pid, struct row *row) {
  char path[32], text[2048];
  snprintf(path, sizeof path, "/proc/%d/status", pid);
  file_peek(AT_FDCWD, path, text, sizeof text);
  const char *uid = strstr(text, "\nUid:"), *pids = strstr(text, "\nNSpid:");
  row->uid = uid ? (unsigned)strtoul(uid + 5, NULL, 10) : 0;
  row->inside = pid;
  if (!pids) return;
  char *at = (char *)pids + 7;
  while (*at == '\t' || *at == ' ') row->inside = (int)strtol(at, &at, 10);
}

static void add_command(struct text *out, int pid, const char *name) {
  char path[32], text[4096];
  snprintf(path, sizeof path, "/proc/%d/cmdline", pid);
  int length = file_peek(AT_FDCWD, path, text, sizeof text);
  for (int i = 0; i < length - 1; i++) {
    if (text[i] == 0) text[i] = ' ';
  }
  if (length <= 0) snprintf(text, sizeof text, "[%s]", name);
  text_member(out, "command", text);
}

static void add_tty(struct text *out, unsigned device) {
  // man 5 proc: minor in bits 31 to 20 and 7 to 0, major in 15 to 8.
  unsigned major = device >> 8 & 0xff, minor = (device & 0xff) | (device >> 12 & 0xfff00);
  char name[24] = "?";
  if (major >= 136 && major < 144) snprintf(name, sizeof name, "pts/%u", minor + (major - 136) * 256);
  else if (device) snprintf(name, sizeof name, "%u:%u", major, minor);
  text_member(out, "tty", name);
}

static void add_user(struct text *out, const char *accounts, unsigned uid) {
  char name[64], number[12];
  snprintf(number, sizeof number, "%u", uid);
  for (const char *line = accounts; *line; line += strcspn(line, "\n"), line += *line == '\n') {
    unsigned found;
    if (sscanf(line, "%63[^:\n]:%*[^:\n]:%u:", name, &found) == 2 && found == uid) {
      text_member(out, "user", name);
      return;
    }
  }
  text_member(out, "user", number);
}

static void add_process(struct text *out, int pid, int64_t boot, const char *accounts) {
  struct row row;
  // It may have ended meanwhile.
  if (!read_stat(pid, &row)) return;
  read_status(pid, &row);
  char state[2] = {row.state, 0};
  text_comma(out);
  text_add(out, "{");
  text_number(out, "pid", pid);
  text_number(out, "ppid", row.parent);
  text_number(out, "pidInside", row.inside);
  text_number(out, "uid", row.uid);
  add_user(out, accounts, row.uid);
  text_number(out, "cpu", (int64_t)row.ticks * (1000000 / TICKS_PER_SECOND));
  text_number(out, "started", boot + (int64_t)row.started * (1000 / TICKS_PER_SECOND));
  add_tty(out, row.tty);
  text_member(out, "state", state);
  text_number(out, "rss", (int64_t)row.pages * PAGE);
  add_command(out, pid, row.name);
  text_add(out, "}");
}

// --- all of them ----------------------------------------------------------------------------------

static int64_t boot_time(void) {
  char text[64];
  double up = file_peek(AT_FDCWD, "/proc/uptime", text, sizeof text) > 0 ? strtod(text, NULL) : 0;
  return now_milliseconds() - (int64_t)(up * 1000);
}

int call_top(struct call *c) {
  static struct pids pids;
  static char accounts[16 << 10];
  struct state state;
  if (call_running(c, &state) < 0) return -1;
  int cgroup = cgroup_open(state.cgroup);
  if (cgroup < 0) return -1;
  pids.count = 0;
  collect(cgroup, &pids);
  close(cgroup);
  qsort(pids.list, pids.count, sizeof *pids.list, compare);
  file_peek(AT_FDCWD, "/etc/passwd", accounts, sizeof accounts);
  int64_t boot = boot_time();
  text_key(c->result, "processes");
  text_add(c->result, "[");
  for (size_t i = 0; i < pids.count; i++) add_process(c->result, pids.list[i], boot, accounts);
  text_add(c->result, "]");
  return 0;
}
