#define _GNU_SOURCE
#include "namespaces.h"

#include <errno.h>
#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>

#include "error.h"
#include "file.h"
#include "kernel.h"

const struct namespace_kind namespace_kinds[] = {
    {"cgroup", "cgroup", CLONE_NEWCGROUP}, {"ipc", "ipc", CLONE_NEWIPC}, {"mount", "mnt", CLONE_NEWNS},
    {"network", "net", CLONE_NEWNET},      {"pid", "pid", CLONE_NEWPID}, {"time", "time", CLONE_NEWTIME},
    {"user", "user", CLONE_NEWUSER},       {"uts", "uts", CLONE_NEWUTS}, {NULL, NULL, 0},
};

static uint64_t flag_of(const char *name) {
  const struct namespace_kind *kind = namespace_kinds;
  while (kind->name && strcmp(kind->name, name) != 0) kind++;
  return kind->flag;
}

static int open_joined(struct namespaces *n, const char *name, uint64_t flag, const char *path) {
  if (flag == CLONE_NEWNS) return fail(UNIMPLEMENTED, "A mount namespace cannot be joined: %s", path);
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return fail_os("%s namespace %s", name, path);
  n->joined[n->join_count++] = (struct namespace_join){flag, path, fd};
  return 0;
}

int namespaces_parse(const struct json *config, struct namespaces *n) {
  *n = (struct namespaces){0};
  uint64_t seen = 0;
  json_each(item, json_find(config, "linux.namespaces")) {
    const char *name = json_text(json_get(item, "type"), ""), *path = json_text(json_get(item, "path"), "");
    uint64_t flag = flag_of(name);
    if (!flag) return fail(INVALID_ARGUMENT, "Unknown namespace %s", name);
    if (seen & flag) return fail(INVALID_ARGUMENT, "The namespace %s is listed twice", name);
    seen |= flag;
    if (!*path) n->made |= flag;
    else if (open_joined(n, name, flag, path) < 0) return -1;
  }
  if (!(n->made & CLONE_NEWNS)) return fail(INVALID_ARGUMENT, "A container needs a mount namespace of its own");
  return 0;
}

bool namespaces_have(const struct namespaces *n, uint64_t flag) {
  bool found = n->made & flag;
  for (size_t i = 0; i < n->join_count; i++) found |= n->joined[i].flag == flag;
  return found;
}

static int set_offsets(const struct json *offsets) {
  json_each(clock, offsets) {
    int64_t seconds = 0, nanoseconds = 0;
    json_int(json_get(clock, "secs"), &seconds);
    json_int(json_get(clock, "nanosecs"), &nanoseconds);
    char line[96];
    snprintf(line, sizeof line, "%s %" PRId64 " %" PRId64, clock->key, seconds, nanoseconds);
    if (file_poke(AT_FDCWD, "/proc/self/timens_offsets", line) < 0) return fail_os("linux.timeOffsets %s", line);
  }
  return 0;
}

int namespaces_prepare(const struct json *config, const struct namespaces *n) {
  if (n->made & CLONE_NEWTIME) {
    // The clocks stand once somebody is in it, and a child that clone put there would be.
    if (unshare(CLONE_NEWTIME) < 0) return fail_os("time namespace");
    if (set_offsets(json_find(config, "linux.timeOffsets")) < 0) return -1;
  }
  for (size_t i = 0; i < n->join_count; i++) {
    const struct namespace_join *join = &n->joined[i];
    if (join->flag == CLONE_NEWPID && setns(join->fd, CLONE_NEWPID) < 0) return fail_os("namespace %s", join->path);
  }
  return 0;
}

int namespaces_enter(const struct namespaces *n) {
  for (size_t i = 0; i < n->join_count; i++) {
    const struct namespace_join *join = &n->joined[i];
    if (join->flag != CLONE_NEWPID && setns(join->fd, (int)join->flag) < 0) return fail_os("namespace %s", join->path);
  }
  // Its root is the cgroup that the process is in when it makes the namespace, so not before clone.
  if (n->made & CLONE_NEWCGROUP && unshare(CLONE_NEWCGROUP) < 0) return fail_os("cgroup namespace");
  return 0;
}

static int write_map(const struct json *mappings, int pid, const char *file) {
  struct text lines = {0};
  json_each(item, mappings) {
    uint64_t inside, outside, size;
    if (!json_uint(json_get(item, "containerID"), &inside) || !json_uint(json_get(item, "hostID"), &outside) ||
        !json_uint(json_get(item, "size"), &size)) {
      text_free(&lines);
      return fail(INVALID_ARGUMENT, "linux.%sMappings: an entry needs containerID, hostID and size", *file == 'u' ? "uid" : "gid");
    }
    text_format(&lines, "%" PRIu64 " %" PRIu64 " %" PRIu64 "\n", inside, outside, size);
  }
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/%s", pid, file);
  int failed = file_poke(AT_FDCWD, path, text_end(&lines));
  if (failed) fail_os("%s", file);
  text_free(&lines);
  return failed;
}

int namespaces_map_users(const struct json *config, int pid) {
  return write_map(json_find(config, "linux.uidMappings"), pid, "uid_map") < 0 ||
                 write_map(json_find(config, "linux.gidMappings"), pid, "gid_map") < 0
             ? -1
             : 0;
}

bool namespaces_find_user(const struct json *config, uint32_t uid, uint32_t *found) {
  json_each(item, json_find(config, "linux.uidMappings")) {
    uint64_t inside, outside, size;
    if (!json_uint(json_get(item, "containerID"), &inside) || !json_uint(json_get(item, "hostID"), &outside) ||
        !json_uint(json_get(item, "size"), &size) || uid < inside || uid - inside >= size) {
      continue;
    }
    *found = (uint32_t)(outside + uid - inside);
    return true;
  }
  return false;
}

int namespaces_become_root(void) {
  if (setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0) return fail_os("root of the user namespace");
  return 0;
}
