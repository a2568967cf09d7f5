#include "process.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "error.h"
#include "kernel.h"

// --- reading --------------------------------------------------------------------------------------

static const struct {
  const char *name;
  int kind;
} rlimit_names[] = {
    {"RLIMIT_AS", RLIMIT_AS},           {"RLIMIT_CORE", RLIMIT_CORE},     {"RLIMIT_CPU", RLIMIT_CPU},
    {"RLIMIT_DATA", RLIMIT_DATA},       {"RLIMIT_FSIZE", RLIMIT_FSIZE},   {"RLIMIT_LOCKS", RLIMIT_LOCKS},
    {"RLIMIT_MEMLOCK", RLIMIT_MEMLOCK}, {"RLIMIT_MSGQUEUE", RLIMIT_MSGQUEUE}, {"RLIMIT_NICE", RLIMIT_NICE},
    {"RLIMIT_NOFILE", RLIMIT_NOFILE},   {"RLIMIT_NPROC", RLIMIT_NPROC},   {"RLIMIT_RSS", RLIMIT_RSS},
    {"RLIMIT_RTPRIO", RLIMIT_RTPRIO},   {"RLIMIT_RTTIME", RLIMIT_RTTIME}, {"RLIMIT_SIGPENDING", RLIMIT_SIGPENDING},
    {"RLIMIT_STACK", RLIMIT_STACK},
};

#define RLIMIT_NAMES (sizeof rlimit_names / sizeof *rlimit_names)

// Docker writes -1 for no limit, the specification the largest number.
static bool limit_of(const struct json *number, rlim_t *limit) {
  uint64_t value;
  int64_t negative;
  if (json_uint(number, &value)) *limit = (rlim_t)value;
  else if (json_int(number, &negative)) *limit = RLIM_INFINITY;
  else return false;
  return true;
}

static int parse_rlimits(const struct json *list, struct process *process) {
  json_each(item, list) {
    const char *name = json_text(json_get(item, "type"), "");
    size_t i = 0;
    while (i < RLIMIT_NAMES && strcmp(name, rlimit_names[i].name) != 0) i++;
    if (i == RLIMIT_NAMES) return fail(INVALID_ARGUMENT, "Unknown rlimit %s", name);
    if (process->rlimit_count == MAX_RLIMITS) return fail(INVALID_ARGUMENT, "process.rlimits: more than there are");
    struct rlimit *limit = &process->rlimits[process->rlimit_count].limit;
    if (!limit_of(json_get(item, "hard"), &limit->rlim_max) || !limit_of(json_get(item, "soft"), &limit->rlim_cur)) {
      return fail(INVALID_ARGUMENT, "%s needs hard and soft", name);
    }
    process->rlimits[process->rlimit_count++].kind = rlimit_names[i].kind;
  }
  return 0;
}

static unsigned short size_of(const struct json *object, const char *key) {
  uint64_t value;
  return json_uint(json_get(object, key), &value) && value <= USHRT_MAX ? (unsigned short)value : 0;
}

int process_parse(struct arena *arena, const struct json *object, struct process *process) {
  *process = (struct process){0};
  if (!json_is(object, JSON_OBJECT)) return fail(INVALID_ARGUMENT, "config.json has no process");
  process->arguments = json_strings(arena, json_get(object, "args"), "process.args");
  const char *const *environment = json_strings(arena, json_get(object, "env"), "process.env");
  if (!process->arguments || !environment) return -1;
  if (!process->arguments[0]) return fail(INVALID_ARGUMENT, "process.args must not be empty");
  size_t count = 0;
  while (environment[count]) count++;
  // One more for HOME.
  process->environment = arena_alloc(arena, (count + 2) * sizeof *process->environment);
  memcpy(process->environment, environment, count * sizeof *environment);
  process->cwd = json_text(json_get(object, "cwd"), "/");
  if (*process->cwd != '/') return fail(INVALID_ARGUMENT, "process.cwd %s is not an absolute path", process->cwd);
  process->terminal = json_true(json_get(object, "terminal"));
  const struct json *size = json_get(object, "consoleSize");
  process->columns = size_of(size, "width");
  process->rows = size_of(size, "height");
  process->no_new_privileges = json_true(json_get(object, "noNewPrivileges"));
  const struct json *capabilities = json_get(object, "capabilities");
  const struct json *score = json_get(object, "oomScoreAdj");
  process->oom_score = json_is(score, JSON_NUMBER) ? score->text : NULL;
  if (user_parse(json_get(object, "user"), &process->user) < 0 ||
      capabilities_parse(capabilities, &process->capabilities) < 0 ||
      parse_rlimits(json_get(object, "rlimits"), process) < 0) {
    return -1;
  }
  return 0;
}

// man 2 keyctl.
#define JOIN_SESSION_KEYRING 1

int process_leave_keyring(void) {
  if (syscall(SYS_keyctl, JOIN_SESSION_KEYRING, NULL) >= 0 || errno == ENOSYS) return 0;
  return fail_os("session keyring");
}

// --- in the container -----------------------------------------------------------------------------

static const char *variable(const struct process *process, const char *name) {
  size_t length = strlen(name);
  for (const char **entry = process->environment; *entry; entry++) {
    if (strncmp(*entry, name, length) == 0 && (*entry)[length] == '=') return *entry + length + 1;
  }
  return NULL;
}

// So that a program of another user can open /dev/stdout. Devices such as /dev/null are everybody's.
static void own_streams(uint32_t uid) {
  for (int fd = 0; fd < 3; fd++) {
    struct stat status;
    if (fstat(fd, &status) < 0 || status.st_uid == uid) continue;
    if (S_ISCHR(status.st_mode) && major(status.st_rdev) == 1) continue;
    // Of a stream that is a file of somebody else's it may be refused, and then it stays theirs.
    if (fchown(fd, uid, (gid_t)-1) < 0) continue;
  }
}

// A directory of the host, which a descriptor that leaked might lead to, has no path in here. Of a filter that refuses to
// tell, nothing is learned the second time.
static int check_cwd(const char *cwd, bool is_filtered) {
  char path[PATH_MAX];
  long length = syscall(SYS_getcwd, path, sizeof path);
  if (length < 0 && is_filtered) return 0;
  if (length < 0 || *path != '/') return fail(FAILED_PRECONDITION, "cwd %s is outside of the container's root", cwd);
  return 0;
}

static int enter_cwd(const char *cwd) {
  if (chdir(cwd) < 0 && errno != EACCES) {
    if (errno != ENOENT) return fail_os("chdir to cwd (%s)", cwd);
    char part[PATH_MAX];
    size_t length = strlen(cwd);
    if (length >= sizeof part) return fail(INVALID_ARGUMENT, "cwd %s is too long", cwd);
    for (size_t i = 1; i <= length; i++) {
      if (cwd[i] != '/' && cwd[i] != 0) continue;
      memcpy(part, cwd, i);
      part[i] = 0;
      if (mkdir(part, 0755) < 0 && errno != EEXIST) return fail_os("mkdir %s", part);
    }
    if (chdir(cwd) < 0) return fail_os("chdir to cwd (%s)", cwd);
  }
  return check_cwd(cwd, false);
}

static int set_rlimits(const struct process *process) {
  for (size_t i = 0; i < process->rlimit_count; i++) {
    if (setrlimit(process->rlimits[i].kind, &process->rlimits[i].limit) < 0) return fail_os("rlimit %d", process->rlimits[i].kind);
  }
  return 0;
}

int process_prepare(struct process *process, struct arena *arena) {
  char home[PATH_MAX];
  if (user_resolve(&process->user, home, sizeof home) < 0) return -1;
  if (!variable(process, "HOME")) {
    const char **end = process->environment;
    while (*end) end++;
    *end = arena_format(arena, "HOME=%s", home);
  }
  own_streams(process->user.uid);
  if (set_rlimits(process) < 0 || enter_cwd(process->cwd) < 0) return -1;
  return 0;
}

int process_become(const struct process *process) {
  // Before the filter, which may not know the call.
  if (close_from(3, CLOSE_ON_EXEC) < 0) return fail_os("close_range");
  // With all rights there is no need of no_new_privs, without them a filter must not bring new ones.
  if (!process->no_new_privileges && seccomp_apply(&process->seccomp) < 0) return -1;
  if (capabilities_bound(&process->capabilities) < 0 || user_become(&process->user) < 0 ||
      capabilities_set(&process->capabilities) < 0) {
    return -1;
  }
  // Where the user alone may go, with the rights it has now.
  if (chdir(process->cwd) < 0) return fail_os("chdir to cwd (%s)", process->cwd);
  if (check_cwd(process->cwd, !process->no_new_privileges && process->seccomp.length > 0) < 0) return -1;
  if (process->no_new_privileges) {
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) return fail_os("no_new_privs");
    if (seccomp_apply(&process->seccomp) < 0) return -1;
  }
  return 0;
}

// --- the program ----------------------------------------------------------------------------------

static bool is_program(const char *path) {
  struct stat status;
  if (stat(path, &status) < 0) return false;
  if (S_ISDIR(status.st_mode)) errno = EISDIR;
  else if (!S_ISREG(status.st_mode) || access(path, X_OK) < 0) errno = EACCES;
  else return true;
  return false;
}

static const char *find_named(const char *name) {
  if (is_program(name)) return name;
  if (errno == EISDIR) fail_exec(EXIT_NOT_EXECUTABLE, "exec: \"%s\": is a directory", name);
  else if (errno == EACCES) fail_exec(EXIT_NOT_EXECUTABLE, "exec: \"%s\": permission denied", name);
  else if (errno == ENOTDIR) fail_exec(EXIT_NOT_EXECUTABLE, "exec: \"%s\": stat %s: not a directory", name, name);
  else fail_exec(EXIT_NOT_FOUND, "exec: \"%s\": stat %s: no such file or directory", name, name);
  return NULL;
}

const char *process_find(const struct process *process, struct arena *arena) {
  const char *name = process->arguments[0];
  if (strchr(name, '/')) return find_named(name);
  const char *path = variable(process, "PATH");
  if (!path) path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
  bool refused = false;
  while (*name && *path) {
    size_t length = strcspn(path, ":");
    const char *candidate = arena_format(arena, "%.*s/%s", length ? (int)length : 1, length ? path : ".", name);
    if (is_program(candidate)) return candidate;
    refused |= errno == EACCES;
    path += length + (path[length] == ':');
  }
  if (refused) fail_exec(EXIT_NOT_EXECUTABLE, "exec: \"%s\": permission denied", name);
  else fail_exec(EXIT_NOT_FOUND, "exec: \"%s\": executable file not found in $PATH", name);
  return NULL;
}

int process_execute(const struct process *process, const char *path) {
  execve(path, (char *const *)process->arguments, (char *const *)process->environment);
  switch (errno) {
    case ENOENT:
      // It is there, so what is not is the interpreter of its first line, or its loader.
      return fail_exec(EXIT_NOT_FOUND, "exec %s: no such file or directory", path);
    case ENOEXEC: return fail_exec(EXIT_NOT_EXECUTABLE, "exec %s: exec format error", path);
    case EACCES:
    case EPERM: return fail_exec(EXIT_NOT_EXECUTABLE, "exec: \"%s\": permission denied", path);
    default: return fail_os("exec %s", path);
  }
}
