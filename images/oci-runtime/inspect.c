// The call `inspect`: what the host's kernel says of a container, beside what it says of the host.
#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "calls.h"
#include "capabilities.h"
#include "cgroup.h"
#include "error.h"
#include "file.h"

static const char *const namespaces[] = {"cgroup", "ipc", "mnt", "net", "pid", "time", "user", "uts"};

static int64_t inode(const char *of, const char *kind) {
  char path[64];
  struct stat status;
  snprintf(path, sizeof path, "/proc/%s/ns/%s", of, kind);
  return stat(path, &status) == 0 ? (int64_t)status.st_ino : 0;
}

static void add_namespaces(struct text *out, int pid) {
  char name[16];
  snprintf(name, sizeof name, "%d", pid);
  text_key(out, "namespaces");
  text_add(out, "[");
  for (size_t i = 0; i < sizeof namespaces / sizeof *namespaces; i++) {
    text_comma(out);
    text_add(out, "{");
    text_member(out, "kind", namespaces[i]);
    text_number(out, "inside", inode(name, namespaces[i]));
    text_number(out, "host", inode("self", namespaces[i]));
    text_add(out, "}");
  }
  text_add(out, "]");
}

// --- /proc/PID/status -----------------------------------------------------------------------------

// What stands after a name at the beginning of a line, up to the line's end.
static const char *field(const char *status, const char *name) {
  const char *found = strstr(status, name);
  return found && (found == status || found[-1] == '\n') ? found + strlen(name) : "";
}

static void add_numbers(struct text *out, const char *name, const char *line) {
  text_key(out, name);
  text_add(out, "[");
  while (*line && *line != '\n') {
    char *end;
    unsigned long number = strtoul(line, &end, 10);
    if (end == line) break;
    text_comma(out);
    text_format(out, "%lu", number);
    for (line = end; *line == ' ' || *line == '\t'; line++) continue;
  }
  text_add(out, "]");
}

static void add_map(struct text *out, const char *name, int pid, const char *file) {
  char path[32], lines[1024], *state;
  snprintf(path, sizeof path, "/proc/%d/%s", pid, file);
  file_peek(AT_FDCWD, path, lines, sizeof lines);
  text_key(out, name);
  text_add(out, "[");
  for (char *line = strtok_r(lines, "\n", &state); line; line = strtok_r(NULL, "\n", &state)) {
    unsigned inside, outside, size;
    if (sscanf(line, "%u %u %u", &inside, &outside, &size) != 3) continue;
    text_comma(out);
    text_format(out, "{\"inside\":%u,\"outside\":%u,\"size\":%u}", inside, outside, size);
  }
  text_add(out, "]");
}

static void add_user(struct text *out, int pid, const char *status) {
  text_key(out, "user");
  text_add(out, "{");
  add_numbers(out, "uid", field(status, "Uid:"));
  add_numbers(out, "gid", field(status, "Gid:"));
  add_numbers(out, "groups", field(status, "Groups:"));
  add_map(out, "uidMap", pid, "uid_map");
  add_map(out, "gidMap", pid, "gid_map");
  text_add(out, "}");
}

static void add_rights(struct text *out, const char *status) {
  static const char *const sets[][2] = {{"effective", "CapEff:"},
                                        {"permitted", "CapPrm:"},
                                        {"inheritable", "CapInh:"},
                                        {"bounding", "CapBnd:"},
                                        {"ambient", "CapAmb:"}};
  static const char *const modes[] = {"disabled", "strict", "filter"};
  text_key(out, "capabilities");
  text_add(out, "{");
  for (int i = 0; i < 5; i++) {
    text_key(out, sets[i][0]);
    capabilities_write(out, strtoull(field(status, sets[i][1]), NULL, 16));
  }
  text_add(out, "}");
  text_flag(out, "noNewPrivileges", atoi(field(status, "NoNewPrivs:")) == 1);
  int mode = atoi(field(status, "Seccomp:"));
  text_key(out, "seccomp");
  text_add(out, "{");
  text_member(out, "mode", modes[mode >= 0 && mode < 3 ? mode : 0]);
  text_number(out, "filters", atoi(field(status, "Seccomp_filters:")));
  text_add(out, "}");
}

// --- cgroup, mounts -------------------------------------------------------------------------------

static void add_cgroup(struct text *out, const char *path) {
  int cgroup = cgroup_open(path);
  text_key(out, "cgroup");
  text_add(out, "{");
  text_member(out, "path", path);
  text_key(out, "files");
  text_add(out, "{");
  DIR *stream = cgroup < 0 ? NULL : fdopendir(cgroup);
  for (struct dirent *entry; stream && (entry = readdir(stream));) {
    char value[4096];
    if (entry->d_type == DT_REG && file_peek(cgroup, entry->d_name, value, sizeof value) >= 0) {
      text_member(out, entry->d_name, value);
    }
  }
  if (stream) closedir(stream);
  text_add(out, "}}");
}

// Blanks and the like are written as \040 there.
static void unescape(char *text) {
  char *to = text;
  for (; *text; text++) {
    if (text[0] == '\\' && text[1] >= '0' && text[1] <= '3' && text[2] && text[3]) {
      *to++ = (char)((text[1] - '0') * 64 + (text[2] - '0') * 8 + (text[3] - '0'));
      text += 3;
    } else {
      *to++ = *text;
    }
  }
  *to = 0;
}

static void add_mounts(struct text *out, int pid) {
  static char lines[64 << 10];
  static const char *const names[] = {"source", "target", "type", "options"};
  char path[32], *state;
  snprintf(path, sizeof path, "/proc/%d/mounts", pid);
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  size_t length = 0;
  for (ssize_t got; fd >= 0 && length < sizeof lines - 1 && (got = read(fd, lines + length, sizeof lines - 1 - length)) > 0;) {
    length += (size_t)got;
  }
  if (fd >= 0) close(fd);
  lines[length] = 0;
  text_key(out, "mounts");
  text_add(out, "[");
  for (char *line = strtok_r(lines, "\n", &state); line; line = strtok_r(NULL, "\n", &state)) {
    char *word;
    text_comma(out);
    text_add(out, "{");
    char *field = strtok_r(line, " ", &word);
    for (int i = 0; i < 4 && field; i++, field = strtok_r(NULL, " ", &word)) {
      unescape(field);
      text_member(out, names[i], field);
    }
    text_add(out, "}");
  }
  text_add(out, "]");
}

int call_inspect(struct call *c) {
  struct state state;
  char path[32], status[4096];
  if (call_running(c, &state) < 0) return -1;
  snprintf(path, sizeof path, "/proc/%d/status", state.pid);
  if (file_peek(AT_FDCWD, path, status, sizeof status) <= 0) return fail(FAILED_PRECONDITION, "Container %s is not running", state.id);
  text_number(c->result, "pid", state.pid);
  text_number(c->result, "launcher", state.launcher);
  add_namespaces(c->result, state.pid);
  add_user(c->result, state.pid, status);
  add_rights(c->result, status);
  add_cgroup(c->result, state.cgroup);
  add_mounts(c->result, state.pid);
  text_key(c->result, "interfaces");
  network_write(c->result, &state.network);
  return 0;
}
