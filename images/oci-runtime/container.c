#define _GNU_SOURCE
#include "container.h"

#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cgroup.h"
#include "device-filter.h"
#include "devices.h"
#include "error.h"
#include "file.h"
#include "hooks.h"
#include "init.h"
#include "kernel.h"
#include "network.h"
#include "overlay.h"
#include "rootfs.h"
#include "sync.h"
#include "terminal.h"

// --- in the launcher ------------------------------------------------------------------------------

static int check_version(const char *version) {
  // 1.x.y; who writes a later version may mean what is not known here.
  if (strncmp(version, "1.", 2) == 0) return 0;
  return fail(INVALID_ARGUMENT, "ociVersion %s: only 1.x is known", *version ? version : "is missing");
}

// What would change the container and is not done.
static int check_known(const struct json *config) {
  static const char *const unknown[] = {"process.scheduler", "process.ioPriority", "process.execCPUAffinity",
                                        "linux.personality", "linux.netDevices",   "linux.memoryPolicy"};
  for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++) {
    if (json_find(config, unknown[i])) return fail(UNIMPLEMENTED, "config.json has %s, which is not supported", unknown[i]);
  }
  return 0;
}

static const char *absolute(struct arena *arena, const char *directory, const char *path) {
  return *path == '/' ? path : arena_format(arena, "%s/%s", directory, path);
}

static int load_seccomp(struct container *c) {
  const char *compiled = json_text(json_get(json_get(c->config, "annotations"), "org.strata.seccomp"), NULL);
  if (compiled) return seccomp_read(&c->arena, compiled, &c->process.seccomp);
  const struct json *profile = json_find(c->config, "linux.seccomp");
  return profile ? seccomp_compile(&c->arena, profile, &c->process.seccomp) : 0;
}

int container_load(struct container *c, const char *bundle, const char *id) {
  *c = (struct container){.root_tree = -1, .cgroup = -1, .program = -1, .gate = -1, .sync = -1};
  char full[PATH_MAX];
  size_t length;
  if (!realpath(bundle, full)) return fail_os("bundle %s", bundle);
  c->state.id = id;
  c->state.bundle = arena_copy(&c->arena, full, strlen(full));
  char *text = file_read(&c->arena, AT_FDCWD, arena_format(&c->arena, "%s/config.json", full), &length);
  c->config = text ? json_parse(&c->arena, text, length) : NULL;
  if (!c->config) return -1;
  c->state.oci_version = json_text(json_get(c->config, "ociVersion"), "");
  const char *root = json_text(json_find(c->config, "root.path"), NULL);
  if (check_version(c->state.oci_version) < 0 || check_known(c->config) < 0) return -1;
  if (!root) return fail(INVALID_ARGUMENT, "config.json has no root.path");
  c->state.rootfs = absolute(&c->arena, full, root);
  const char *cgroup = json_text(json_find(c->config, "linux.cgroupsPath"), NULL);
  c->state.cgroup = cgroup && *cgroup ? arena_format(&c->arena, "%s%s", *cgroup == '/' ? "" : "/", cgroup)
                                      : arena_format(&c->arena, "/strata/%s", id);
  c->state.annotations = json_get(c->config, "annotations");
  c->place = arena_format(&c->arena, "%s/.root", state_root);
  if (process_parse(&c->arena, json_get(c->config, "process"), &c->process) < 0 ||
      namespaces_parse(c->config, &c->namespaces) < 0 ||
      network_parse(&c->arena, c->config, id, &c->state.network) < 0) {
    return -1;
  }
  if (c->state.network.count > 0 && !(c->namespaces.made & CLONE_NEWNET)) {
    return fail(INVALID_ARGUMENT, "org.strata.network needs a network namespace of the container's own");
  }
  return load_seccomp(c);
}

static int take_program(struct container *c) {
  if (!json_is(json_get(json_get(c->config, "annotations"), "org.strata.init"), JSON_STRING)) return 0;
  if (strcmp(json_text(json_get(c->state.annotations, "org.strata.init"), ""), "true") != 0) return 0;
  c->program = open("/proc/self/exe", O_PATH | O_CLOEXEC);
  return c->program < 0 ? fail_os("/proc/self/exe") : 0;
}

// Who is in a user namespace may divide a group that it can write (runtime-spec, config-linux.md, "Cgroup ownership").
static int give_cgroup(const struct container *c) {
  uint64_t wanted = CLONE_NEWUSER | CLONE_NEWCGROUP;
  uint32_t outside;
  if ((c->namespaces.made & wanted) != wanted || !mounts_have_writable_cgroup(&c->mounts)) return 0;
  if (!namespaces_find_user(c->config, c->process.user.uid, &outside)) return 0;
  return cgroup_give(c->cgroup, outside);
}

int container_take(struct container *c) {
  const struct json *resources = json_find(c->config, "linux.resources");
  c->cgroup = cgroup_make(c->state.cgroup);
  if (c->cgroup < 0 || cgroup_limit(c->cgroup, resources) < 0 ||
      device_filter_attach(c->cgroup, json_get(resources, "devices")) < 0) {
    return -1;
  }
  if (make_directories(c->place, 0755) < 0) return -1;
  c->root_tree = rootfs_take(&c->arena, c->config, c->state.rootfs);
  if (c->root_tree < 0 || mounts_parse(&c->arena, c->config, &c->mounts) < 0) return -1;
  return give_cgroup(c) < 0 ? -1 : take_program(c);
}

static void close_taken(int *fd) {
  if (*fd >= 0) close(*fd);
  *fd = -1;
}

void container_release(struct container *c) {
  close_taken(&c->root_tree);
  close_taken(&c->cgroup);
  for (size_t i = 0; i < c->mounts.count; i++) close_taken(&c->mounts.points[i].tree);
  for (size_t i = 0; i < c->namespaces.join_count; i++) close_taken(&c->namespaces.joined[i].fd);
}

// --- in the container -----------------------------------------------------------------------------

static int set_names(const struct container *c) {
  const char *host = json_text(json_get(c->config, "hostname"), ""), *domain = json_text(json_get(c->config, "domainname"), "");
  if ((*host || *domain) && !namespaces_have(&c->namespaces, CLONE_NEWUTS)) {
    return fail(INVALID_ARGUMENT, "hostname and domainname need a uts namespace of the container's own");
  }
  if (*host && sethostname(host, strlen(host)) < 0) return fail_os("hostname %s", host);
  if (*domain && setdomainname(domain, strlen(domain)) < 0) return fail_os("domainname %s", domain);
  return 0;
}

static bool is_own_sysctl(const struct container *c, const char *name) {
  uint64_t made = c->namespaces.made;
  if (strncmp(name, "net.", 4) == 0) return made & CLONE_NEWNET;
  if (strcmp(name, "kernel.domainname") == 0 || strcmp(name, "kernel.hostname") == 0) return made & CLONE_NEWUTS;
  return (strncmp(name, "kernel.msg", 10) == 0 || strncmp(name, "kernel.sem", 10) == 0 ||
          strncmp(name, "kernel.shm", 10) == 0 || strncmp(name, "fs.mqueue.", 10) == 0) &&
         made & CLONE_NEWIPC;
}

static int set_sysctls(const struct container *c) {
  json_each(item, json_find(c->config, "linux.sysctl")) {
    // Any other is the whole host's.
    if (!is_own_sysctl(c, item->key)) return fail(INVALID_ARGUMENT, "sysctl \"%s\" is not in a separate kernel namespace", item->key);
    char path[512];
    snprintf(path, sizeof path, "/proc/sys/%s", item->key);
    for (char *dot = path + strlen("/proc/sys/"); *dot; dot++) {
      if (*dot == '.') *dot = '/';
      else if (*dot == '/') return fail(INVALID_ARGUMENT, "sysctl %s: no name", item->key);
    }
    if (file_poke(AT_FDCWD, path, json_text(item, "")) < 0) return fail_os("sysctl %s", item->key);
  }
  return 0;
}

// Nobody else is in here to look, unless the pid namespace was joined; then nothing of the host's is left to find.
static int let_go(struct container *c) {
  container_release(c);
  return process_leave_keyring();
}

static int build_root(struct container *c) {
  char cgroup[PATH_MAX];
  bool mapped = c->namespaces.made & CLONE_NEWUSER;
  snprintf(cgroup, sizeof cgroup, "%s%s", CGROUP_ROOT, c->state.cgroup);
  int root = rootfs_attach(c->config, c->root_tree, c->place);
  if (root < 0) return -1;
  if (mounts_apply(&c->mounts, root, cgroup, c->namespaces.made & CLONE_NEWCGROUP) < 0 ||
      devices_make(c->config, root, mapped, c->mounts.own_dev) < 0 ||
      hooks_run(c->config, "createContainer", &c->state, "creating") < 0 || mounts_seal(&c->mounts, root) < 0 ||
      rootfs_enter(c->config, root) < 0) {
    return -1;
  }
  return root;
}

static int open_terminal(const struct container *c) {
  const struct process *process = &c->process;
  if (!process->terminal) return 0;
  int master = terminal_open(c->mounts.own_dev, process->columns, process->rows);
  int result = master < 0 ? -1 : sync_send(c->sync, SYNC_TERMINAL, master);
  if (master >= 0) close(master);
  return result;
}

// Pid 1 becomes the reaper, and its child goes on as the program.
static int split_off_reaper(struct container *c) {
  int program = fork();
  if (program < 0) return fail_os("fork");
  if (program == 0) return setsid() < 0 ? fail_os("setsid") : 0;
  // It tells nothing to the launcher: its child does.
  close(c->sync);
  if (process_become(&c->process) == 0) init_execute(c->program, program, c->process.arguments);
  _exit(EXIT_RUNTIME);
}

static int await_start(struct container *c) {
  char byte;
  if (c->gate < 0) return 0;
  if (sync_send(c->sync, SYNC_READY, -1) < 0) return -1;
  close(c->sync);
  c->sync = -1;
  return read(c->gate, &byte, 1) == 1 ? 0 : fail_os("start");
}

static int become(struct container *c) {
  if (sync_receive(c->sync, NULL) != SYNC_GO) _exit(EXIT_RUNTIME);
  if (c->namespaces.made & CLONE_NEWUSER && namespaces_become_root() < 0) return -1;
  if (namespaces_enter(&c->namespaces) < 0 || set_names(c) < 0) return -1;
  if (c->namespaces.made & CLONE_NEWNET && network_configure(&c->state.network) < 0) return -1;
  int root = build_root(c);
  if (root < 0 || let_go(c) < 0 || set_sysctls(c) < 0) return -1;
  if (c->program >= 0 && split_off_reaper(c) < 0) return -1;
  // The session began with the process, or with the reaper's child.
  if (open_terminal(c) < 0 || rootfs_protect(c->config, root) < 0) return -1;
  if (process_prepare(&c->process, &c->arena) < 0) return -1;
  const char *path = NULL;
  if (c->gate >= 0) {
    // `create` fails for what could not be started.
    path = process_find(&c->process, &c->arena);
    if (!path || await_start(c) < 0) return -1;
  }
  if (hooks_run(c->config, "startContainer", &c->state, "created") < 0) return -1;
  if (process_become(&c->process) < 0) return -1;
  if (!path) path = process_find(&c->process, &c->arena);
  if (!path) return -1;
  unblock_signals();
  return process_execute(&c->process, path);
}

void container_begin(struct container *c) {
  setsid();
  // Modes are what is asked for; the program gets a mask of its own.
  umask(0);
  become(c);
  if (c->sync >= 0) sync_send_error(c->sync);
  else dprintf(STDERR_FILENO, "strata-oci: %s\n", last_error.message);
  _exit(last_error.exit_code);
}
