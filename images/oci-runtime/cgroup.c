#include "cgroup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "error.h"
#include "file.h"

// How long the kernel may take to freeze or to bury what was killed.
#define PATIENCE_MS 5000

static int64_t now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int full_path(const char *path, char *buffer, size_t size) {
  if (strstr(path, "/../") || snprintf(buffer, size, "%s%s", CGROUP_ROOT, path) >= (int)size) {
    return fail(INVALID_ARGUMENT, "cgroup %s: no path below %s", path, CGROUP_ROOT);
  }
  return 0;
}

// --- making ---------------------------------------------------------------------------------------

// Lets the groups below have every controller that this one has.
static int enable_controllers(const char *directory) {
  char path[4096], controllers[256], wanted[512] = "", enabled[256];
  snprintf(path, sizeof path, "%s/cgroup.controllers", directory);
  file_peek(AT_FDCWD, path, controllers, sizeof controllers);
  snprintf(path, sizeof path, "%s/cgroup.subtree_control", directory);
  file_peek(AT_FDCWD, path, enabled, sizeof enabled);
  // Both lists are in the kernel's order.
  if (strcmp(controllers, enabled) == 0) return 0;
  char *state;
  for (char *name = strtok_r(controllers, " ", &state); name; name = strtok_r(NULL, " ", &state)) {
    size_t length = strlen(wanted);
    snprintf(wanted + length, sizeof wanted - length, "+%s ", name);
  }
  return file_poke(AT_FDCWD, path, wanted) < 0 ? fail_os("%s", path) : 0;
}

static int make_parents(char *path) {
  for (char *slash = path + strlen(CGROUP_ROOT); slash; slash = strchr(slash + 1, '/')) {
    if (*slash != '/') break;
    *slash = 0;
    int failed = mkdir(path, 0755) < 0 && errno != EEXIST ? fail_os("cgroup %s", path) : enable_controllers(path);
    *slash = '/';
    if (failed) return -1;
  }
  return 0;
}

// The one above may be older than its controllers.
static int enable_parent(char *path) {
  char *slash = strrchr(path, '/');
  *slash = 0;
  int result = enable_controllers(path);
  *slash = '/';
  return result;
}

static int open_path(const char *path) {
  int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  return fd < 0 ? fail_os("cgroup %s", path) : fd;
}

int cgroup_make(const char *path) {
  char full[4096];
  if (full_path(path, full, sizeof full) < 0) return -1;
  bool made = mkdir(full, 0755) == 0;
  if (!made && errno == ENOENT) {
    if (make_parents(full) < 0) return -1;
    made = mkdir(full, 0755) == 0;
  } else if (made && enable_parent(full) < 0) {
    return -1;
  }
  if (!made && errno != EEXIST) return fail_os("cgroup %s", path);
  int fd = open_path(full);
  if (fd >= 0 && cgroup_number(fd, "cgroup.events", "populated", 0) > 0) {
    close(fd);
    return fail(FAILED_PRECONDITION, "cgroup %s has processes already", path);
  }
  return fd;
}

int cgroup_give(int cgroup, uint32_t uid) {
  char names[512];
  if (fchown(cgroup, uid, (gid_t)-1) < 0) return fail_os("owner of the cgroup");
  // The kernel says which of its files its owner has to write.
  if (file_peek(AT_FDCWD, "/sys/kernel/cgroup/delegate", names, sizeof names) < 0) return fail_os("/sys/kernel/cgroup/delegate");
  char *state;
  for (char *name = strtok_r(names, "\n", &state); name; name = strtok_r(NULL, "\n", &state)) {
    if (fchownat(cgroup, name, uid, (gid_t)-1, 0) < 0 && errno != ENOENT) return fail_os("owner of %s", name);
  }
  return 0;
}

int cgroup_open(const char *path) {
  char full[4096];
  return full_path(path, full, sizeof full) < 0 ? -1 : open_path(full);
}

uint64_t cgroup_value(const char *text, const char *name, uint64_t otherwise) {
  size_t length = name ? strlen(name) : 0;
  while (name && (strncmp(text, name, length) != 0 || text[length] != ' ')) {
    text = strchr(text, '\n');
    if (!text) return otherwise;
    text++;
  }
  if (name) text += length + 1;
  return *text >= '0' && *text <= '9' ? strtoull(text, NULL, 10) : otherwise;
}

uint64_t cgroup_number(int cgroup, const char *file, const char *name, uint64_t otherwise) {
  char text[4096];
  return file_peek(cgroup, file, text, sizeof text) < 0 ? otherwise : cgroup_value(text, name, otherwise);
}

// --- freezing, killing, removing ------------------------------------------------------------------

// Waits until cgroup.events says so: the file is readable anew (POLLPRI) with each change.
static int await_event(int cgroup, const char *name, uint64_t value) {
  int64_t until = now_ms() + PATIENCE_MS;
  int events = openat(cgroup, "cgroup.events", O_RDONLY | O_CLOEXEC);
  int result = 0;
  while (cgroup_number(cgroup, "cgroup.events", name, value) != value) {
    int64_t left = until - now_ms();
    if (left <= 0) {
      result = fail(INTERNAL, "The cgroup did not become %s%s in %d ms", value ? "" : "not ", name, PATIENCE_MS);
      break;
    }
    char text[256];
    if (pread(events, text, sizeof text, 0) < 0) break;
    if (cgroup_number(cgroup, "cgroup.events", name, value) == value) break;
    poll(&(struct pollfd){.fd = events, .events = POLLPRI}, 1, (int)left);
  }
  if (events >= 0) close(events);
  return result;
}

int cgroup_freeze(const char *path, bool frozen) {
  int cgroup = cgroup_open(path);
  if (cgroup < 0) return -1;
  int result = file_poke(cgroup, "cgroup.freeze", frozen ? "1" : "0") < 0 ? fail_os("cgroup.freeze of %s", path)
                                                                            : await_event(cgroup, "frozen", frozen);
  close(cgroup);
  return result;
}

bool cgroup_is_frozen(const char *path) {
  int cgroup = cgroup_open(path);
  if (cgroup < 0) return false;
  bool frozen = cgroup_number(cgroup, "cgroup.freeze", NULL, 0) == 1;
  close(cgroup);
  return frozen;
}

int cgroup_kill(const char *path) {
  int cgroup = cgroup_open(path);
  if (cgroup < 0) return -1;
  int result = file_poke(cgroup, "cgroup.kill", "1") < 0 ? fail_os("cgroup.kill of %s", path) : 0;
  close(cgroup);
  return result;
}

// Groups that the container made in its own.
static int remove_below(int cgroup) {
  DIR *stream = fdopendir(dup(cgroup));
  if (!stream) return -1;
  for (struct dirent *entry; (entry = readdir(stream));) {
    if (entry->d_type != DT_DIR || entry->d_name[0] == '.') continue;
    int below = openat(cgroup, entry->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (below >= 0) {
      remove_below(below);
      close(below);
    }
    unlinkat(cgroup, entry->d_name, AT_REMOVEDIR);
  }
  closedir(stream);
  return 0;
}

int cgroup_remove(const char *path) {
  char full[4096];
  if (full_path(path, full, sizeof full) < 0) return -1;
  if (rmdir(full) == 0 || errno == ENOENT) return 0;
  int cgroup = cgroup_open(path);
  if (cgroup < 0) return -1;
  file_poke(cgroup, "cgroup.kill", "1");
  file_poke(cgroup, "cgroup.freeze", "0");
  int result = await_event(cgroup, "populated", 0);
  remove_below(cgroup);
  close(cgroup);
  if (result < 0) return -1;
  return rmdir(full) < 0 && errno != ENOENT ? fail_os("cgroup %s", path) : 0;
}
