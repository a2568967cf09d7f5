#include "calls.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "error.h"
#include "file.h"
#include "manage.h"
#include "netlink.h"
#include "overlay.h"
#include "seccomp.h"
#include "serve.h"

const char *call_text(struct call *c, const char *key) {
  const char *text = json_text(json_get(c->request, key), NULL);
  if (!text) fail(INVALID_ARGUMENT, "%s is missing, or no text", key);
  return text;
}

int call_running(struct call *c, struct state *state) {
  const char *id = call_text(c, "container");
  return id ? manage_running(c->arena, id, state, true) : -1;
}

static int call_hello(struct call *c) {
  text_number(c->result, "protocol", PROTOCOL);
  text_member(c->result, "version", VERSION);
  text_number(c->result, "pid", getpid());
  return 0;
}

// --- states ---------------------------------------------------------------------------------------

static void list_one(const char *id, void *context) {
  struct call *c = context;
  struct state state;
  if (state_read(c->arena, id, &state) < 0) return;
  text_comma(c->result);
  state_print(c->result, &state);
}

static int call_list(struct call *c) {
  text_key(c->result, "containers");
  text_add(c->result, "[");
  int result = state_list(list_one, c);
  text_add(c->result, "]");
  return result;
}

static int call_state(struct call *c) {
  struct state state;
  const char *id = call_text(c, "container");
  if (!id || state_read(c->arena, id, &state) < 0) return -1;
  struct text object = {0};
  state_print(&object, &state);
  // Its members are the result's.
  text_bytes(c->result, object.bytes + 1, object.length - 2);
  text_free(&object);
  return 0;
}

// --- files ----------------------------------------------------------------------------------------

static int call_mount(struct call *c) {
  const char *target = call_text(c, "target");
  return target ? overlay_mount(c->arena, c->request, target) : -1;
}

static int call_unmount(struct call *c) {
  const char *target = call_text(c, "target");
  if (!target) return -1;
  int flags = UMOUNT_NOFOLLOW | (json_true(json_get(c->request, "lazy")) ? MNT_DETACH : 0);
  return umount2(target, flags) < 0 ? fail_os("unmount %s", target) : 0;
}

static int write_below(struct call *c, const char *directory, const char *name, const char *bytes, size_t length) {
  if (*name == '/' || strstr(name, "..")) return fail(INVALID_ARGUMENT, "%s: no name below %s", name, directory);
  char *path = arena_format(c->arena, "%s/%s", directory, name);
  char *slash = strrchr(path, '/');
  *slash = 0;
  int made = make_directories(path, 0755);
  *slash = '/';
  return made < 0 ? -1 : file_replace(path, bytes, length);
}

static int call_bundle(struct call *c) {
  const char *path = call_text(c, "path");
  const struct json *config = json_get(c->request, "config");
  if (!path || make_directories(path, 0755) < 0) return -1;
  if (config) {
    struct text out = {0};
    json_write(&out, config);
    int result = write_below(c, path, "config.json", out.bytes, out.length);
    text_free(&out);
    if (result < 0) return -1;
  }
  json_each(file, json_get(c->request, "files")) {
    const char *text = json_text(file, NULL);
    if (!text) return fail(INVALID_ARGUMENT, "files: %s is no text", file->key);
    if (write_below(c, path, file->key, text, strlen(text)) < 0) return -1;
  }
  return 0;
}

static int call_remove(struct call *c) {
  const char *path = call_text(c, "path");
  return path ? remove_tree(path) : -1;
}

static int call_usage(struct call *c) {
  const char *path = call_text(c, "path");
  uint64_t bytes, files;
  if (!path || tree_usage(path, &bytes, &files) < 0) return -1;
  text_number(c->result, "bytes", (int64_t)bytes);
  text_number(c->result, "files", (int64_t)files);
  return 0;
}

static int call_seccomp(struct call *c) {
  const char *path = call_text(c, "path");
  const struct json *profile = json_get(c->request, "profile");
  struct seccomp compiled;
  if (!path) return -1;
  if (!profile) return fail(INVALID_ARGUMENT, "profile is missing");
  if (seccomp_compile(c->arena, profile, &compiled) < 0) return -1;
  if (file_replace(path, compiled.program, compiled.length * sizeof *compiled.program) < 0) return -1;
  text_number(c->result, "instructions", compiled.length);
  return 0;
}

// --- the kernel -----------------------------------------------------------------------------------

static int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static int call_netlink(struct call *c) {
  const char *messages = call_text(c, "messages");
  uint64_t protocol;
  if (!messages) return -1;
  if (!json_uint(json_get(c->request, "protocol"), &protocol)) return fail(INVALID_ARGUMENT, "protocol is missing, or no number");
  size_t size = strlen(messages) / 2;
  uint8_t *bytes = arena_alloc(c->arena, size);
  for (size_t i = 0; i < size; i++) {
    int high = hex_digit(messages[2 * i]), low = hex_digit(messages[2 * i + 1]);
    if (high < 0 || low < 0) return fail(INVALID_ARGUMENT, "messages: no hexadecimal digits");
    bytes[i] = (uint8_t)(high << 4 | low);
  }
  int error = netlink_send((int)protocol, bytes, size);
  if (!error) return 0;
  errno = -error;
  return fail_os("netlink");
}

// --- containers -----------------------------------------------------------------------------------

static int call_kill(struct call *c) {
  const char *id = call_text(c, "container");
  const struct json *signal = json_get(c->request, "signal");
  if (!id) return -1;
  int number = signal_number(json_is(signal, JSON_NUMBER) ? signal->text : json_text(signal, "TERM"));
  return number < 0 ? -1 : manage_kill(id, number, json_true(json_get(c->request, "all")));
}

static int freeze(struct call *c, bool frozen) {
  const char *id = call_text(c, "container");
  if (!id || manage_freeze(id, frozen) < 0) return -1;
  serve_event(frozen ? "paused" : "resumed", id);
  return 0;
}

static int call_pause(struct call *c) { return freeze(c, true); }

static int call_resume(struct call *c) { return freeze(c, false); }

static int call_update(struct call *c) {
  const char *id = call_text(c, "container");
  return id ? manage_update(id, json_get(c->request, "resources")) : -1;
}

static int call_delete(struct call *c) {
  const char *id = call_text(c, "container");
  return id ? manage_delete(id, json_true(json_get(c->request, "force"))) : -1;
}

// --- all of them ----------------------------------------------------------------------------------

static const struct {
  const char *name;
  int (*run)(struct call *);
} calls[] = {
    {"stats", call_stats},     {"state", call_state},     {"list", call_list},     {"top", call_top},
    {"inspect", call_inspect}, {"bundle", call_bundle},   {"mount", call_mount},   {"unmount", call_unmount},
    {"remove", call_remove},   {"kill", call_kill},       {"pause", call_pause},   {"resume", call_resume},
    {"update", call_update},   {"delete", call_delete},   {"usage", call_usage},   {"seccomp", call_seccomp},
    {"hello", call_hello},     {"netlink", call_netlink},
};

int call_dispatch(const char *name, struct call *call) {
  for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
    if (strcmp(name, calls[i].name) == 0) return calls[i].run(call);
  }
  return fail(UNIMPLEMENTED, "There is no call %s", name);
}
