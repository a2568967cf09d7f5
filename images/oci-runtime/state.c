#include "state.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cgroup.h"
#include "error.h"
#include "file.h"

const char *state_root = "/run/strata-oci";

#define MAX_ID 128

int64_t now_milliseconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static bool is_id(const char *id) {
  if (!isalnum((unsigned char)*id)) return false;
  size_t length = 0;
  for (; id[length]; length++) {
    if (!isalnum((unsigned char)id[length]) && !strchr("_.+-", id[length])) return false;
  }
  return length <= MAX_ID;
}

int state_path(char *buffer, size_t size, const char *id, const char *name) {
  if (!is_id(id)) return fail(INVALID_ARGUMENT, "Invalid container id %s", id);
  int length = snprintf(buffer, size, "%s/%s%s%s", state_root, id, *name ? "/" : "", name);
  return length >= (int)size ? fail(INVALID_ARGUMENT, "%s: too long", state_root) : 0;
}

int state_reserve(const char *id) {
  char path[512];
  if (state_path(path, sizeof path, id, "") < 0) return -1;
  if (mkdir(path, 0700) == 0) return 0;
  // Who has mapped users passes through it to its root.
  if (errno == ENOENT && make_directories(state_root, 0711) == 0 && mkdir(path, 0700) == 0) return 0;
  return errno == EEXIST ? fail(ALREADY_EXISTS, "container with given ID already exists: %s", id) : fail_os("%s", path);
}

void state_remove(const char *id) {
  char path[512];
  if (state_path(path, sizeof path, id, "") == 0) remove_tree(path);
}

uint64_t process_started(int pid) {
  char path[32], text[512];
  snprintf(path, sizeof path, "/proc/%d/stat", pid);
  if (pid <= 0 || file_peek(AT_FDCWD, path, text, sizeof text) <= 0) return 0;
  // The name, which is in brackets, may hold anything.
  char *at = strrchr(text, ')');
  if (!at || at[1] != ' ' || at[2] == 'Z' || at[2] == 'X') return 0;
  at += 2;
  for (int field = 3; field < 22 && at; field++) {
    at = strchr(at, ' ');
    if (at) at++;
  }
  return at ? strtoull(at, NULL, 10) : 0;
}

// --- the file -------------------------------------------------------------------------------------

static void print_members(struct text *out, const struct state *state) {
  text_member(out, "ociVersion", state->oci_version);
  text_member(out, "id", state->id);
  text_member(out, "bundle", state->bundle);
  if (state->annotations) {
    text_key(out, "annotations");
    json_write(out, state->annotations);
  }
  text_number(out, "launcher", state->launcher);
  text_number(out, "created", state->created);
  text_number(out, "started", state->started);
  text_member(out, "cgroup", state->cgroup);
  text_member(out, "rootfs", state->rootfs);
  text_key(out, "interfaces");
  network_write(out, &state->network);
}

int state_write(const struct state *state) {
  char path[512];
  if (state_path(path, sizeof path, state->id, "state.json") < 0) return -1;
  struct text out = {0};
  text_add(&out, "{");
  print_members(&out, state);
  text_number(&out, "pid", state->pid);
  text_number(&out, "pidStarted", (int64_t)state->pid_started);
  text_add(&out, "}\n");
  int result = file_replace(path, out.bytes, out.length);
  text_free(&out);
  return result;
}

static int64_t integer(const struct json *object, const char *key) {
  int64_t value = 0;
  json_int(json_get(object, key), &value);
  return value;
}

static void read_interfaces(const struct json *list, struct network *network) {
  json_each(item, list) {
    if (network->count == MAX_INTERFACES) return;
    struct interface *interface = &network->interfaces[network->count++];
    snprintf(interface->name, IFNAMSIZ, "%s", json_text(json_get(item, "name"), ""));
    snprintf(interface->host, IFNAMSIZ, "%s", json_text(json_get(item, "host"), ""));
    snprintf(interface->bridge, IFNAMSIZ, "%s", json_text(json_get(item, "bridge"), ""));
  }
}

int state_read(struct arena *arena, const char *id, struct state *state) {
  char path[512];
  size_t length;
  *state = (struct state){0};
  if (state_path(path, sizeof path, id, "state.json") < 0) return -1;
  char *text = file_read(arena, AT_FDCWD, path, &length);
  if (!text) return last_error.code == NOT_FOUND ? fail(NOT_FOUND, "No such container: %s", id) : -1;
  const struct json *object = json_parse(arena, text, length);
  if (!object) return -1;
  *state = (struct state){
      .id = json_text(json_get(object, "id"), id),
      .bundle = json_text(json_get(object, "bundle"), ""),
      .cgroup = json_text(json_get(object, "cgroup"), ""),
      .rootfs = json_text(json_get(object, "rootfs"), ""),
      .oci_version = json_text(json_get(object, "ociVersion"), ""),
      .pid = (int)integer(object, "pid"),
      .launcher = (int)integer(object, "launcher"),
      .pid_started = (uint64_t)integer(object, "pidStarted"),
      .created = integer(object, "created"),
      .started = integer(object, "started"),
      .annotations = json_get(object, "annotations"),
  };
  read_interfaces(json_get(object, "interfaces"), &state->network);
  return 0;
}

// --- what is asked --------------------------------------------------------------------------------

enum status state_status(const struct state *state) {
  if (state->pid_started == 0 || process_started(state->pid) != state->pid_started) return STOPPED;
  if (state->started == 0) return CREATED;
  return cgroup_is_frozen(state->cgroup) ? PAUSED : RUNNING;
}

void state_print(struct text *out, const struct state *state) {
  static const char *const names[] = {"created", "running", "paused", "stopped"};
  enum status status = state_status(state);
  text_add(out, "{");
  print_members(out, state);
  text_member(out, "status", names[status]);
  text_number(out, "pid", status == STOPPED ? 0 : state->pid);
  text_add(out, "}");
}

int state_list(void (*each)(const char *id, void *context), void *context) {
  DIR *stream = opendir(state_root);
  if (!stream) return errno == ENOENT ? 0 : fail_os("%s", state_root);
  for (struct dirent *entry; (entry = readdir(stream));) {
    if (entry->d_type == DT_DIR && is_id(entry->d_name)) each(entry->d_name, context);
  }
  closedir(stream);
  return 0;
}
