// The call `stats`: a container's counters, from its cgroup and its network namespace.
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "calls.h"
#include "cgroup.h"
#include "error.h"
#include "file.h"

#define NO_LIMIT UINT64_MAX

static void add_number(struct text *out, const char *name, uint64_t number) {
  text_key(out, name);
  if (number == NO_LIMIT) text_add(out, "null");
  else text_format(out, "%" PRIu64, number);
}

struct names {
  const char *kernel, *ours;
};

static void add_values(struct text *out, int cgroup, const char *file, const struct names *names, size_t count) {
  char text[4096];
  file_peek(cgroup, file, text, sizeof text);
  for (size_t i = 0; i < count; i++) add_number(out, names[i].ours, cgroup_value(text, names[i].kernel, 0));
}

static void add_cpu(struct text *out, int cgroup) {
  static const struct names names[] = {{"usage_usec", "usage"},     {"user_usec", "user"},
                                       {"system_usec", "system"},   {"nr_periods", "periods"},
                                       {"nr_throttled", "throttledPeriods"}, {"throttled_usec", "throttled"}};
  text_key(out, "cpu");
  text_add(out, "{");
  add_values(out, cgroup, "cpu.stat", names, 6);
  text_add(out, "}");
}

static void add_memory(struct text *out, int cgroup) {
  static const struct names names[] = {
      {"anon", "anon"}, {"file", "file"}, {"inactive_file", "inactiveFile"}, {"kernel", "kernel"}};
  text_key(out, "memory");
  text_add(out, "{");
  add_number(out, "current", cgroup_number(cgroup, "memory.current", NULL, 0));
  add_number(out, "peak", cgroup_number(cgroup, "memory.peak", NULL, 0));
  add_number(out, "limit", cgroup_number(cgroup, "memory.max", NULL, NO_LIMIT));
  add_number(out, "swap", cgroup_number(cgroup, "memory.swap.current", NULL, 0));
  add_values(out, cgroup, "memory.stat", names, 4);
  add_number(out, "oomKills", cgroup_number(cgroup, "memory.events", "oom_kill", 0));
  text_add(out, "}");
}

static void add_io(struct text *out, int cgroup) {
  char text[4096], *state;
  file_peek(cgroup, "io.stat", text, sizeof text);
  text_key(out, "io");
  text_add(out, "[");
  for (char *line = strtok_r(text, "\n", &state); line; line = strtok_r(NULL, "\n", &state)) {
    unsigned major, minor;
    uint64_t read, written, reads, writes;
    if (sscanf(line, "%u:%u rbytes=%" SCNu64 " wbytes=%" SCNu64 " rios=%" SCNu64 " wios=%" SCNu64, &major, &minor, &read,
               &written, &reads, &writes) != 6) {
      continue;
    }
    text_comma(out);
    text_format(out, "{\"major\":%u,\"minor\":%u", major, minor);
    add_number(out, "readBytes", read);
    add_number(out, "writtenBytes", written);
    add_number(out, "reads", reads);
    add_number(out, "writes", writes);
    text_add(out, "}");
  }
  text_add(out, "]");
}

// What a process sees there is its own network namespace, whoever reads it.
static void add_interfaces(struct text *out, int pid) {
  static const char *const names[] = {"receivedBytes", "receivedPackets", "receivedErrors", "receivedDropped",
                                      "sentBytes",     "sentPackets",     "sentErrors",     "sentDropped"};
  char path[32], text[4096], *state;
  snprintf(path, sizeof path, "/proc/%d/net/dev", pid);
  file_peek(AT_FDCWD, path, text, sizeof text);
  text_key(out, "interfaces");
  text_add(out, "[");
  for (char *line = strtok_r(text, "\n", &state); line; line = strtok_r(NULL, "\n", &state)) {
    char name[32];
    uint64_t n[8];
    // Two lines of headings have no colon in that place. The fields between are fifo, frame, compressed, multicast.
    if (sscanf(line, " %31[^:]: %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %*u %*u %*u %*u %" SCNu64 " %" SCNu64
                     " %" SCNu64 " %" SCNu64, name, &n[0], &n[1], &n[2], &n[3], &n[4], &n[5], &n[6], &n[7]) != 9 ||
        strcmp(name, "lo") == 0) {
      continue;
    }
    text_comma(out);
    text_add(out, "{");
    text_member(out, "name", name);
    for (int i = 0; i < 8; i++) add_number(out, names[i], n[i]);
    text_add(out, "}");
  }
  text_add(out, "]");
}

int call_stats(struct call *c) {
  struct state state;
  if (call_running(c, &state) < 0) return -1;
  int cgroup = cgroup_open(state.cgroup);
  if (cgroup < 0) return -1;
  struct text *out = c->result;
  text_number(out, "at", now_milliseconds());
  add_cpu(out, cgroup);
  add_memory(out, cgroup);
  text_key(out, "pids");
  text_add(out, "{");
  add_number(out, "current", cgroup_number(cgroup, "pids.current", NULL, 0));
  add_number(out, "limit", cgroup_number(cgroup, "pids.max", NULL, NO_LIMIT));
  text_add(out, "}");
  add_io(out, cgroup);
  add_interfaces(out, state.pid);
  close(cgroup);
  return 0;
}
