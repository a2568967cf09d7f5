// Starting a program: its description from an EXEC payload, its pipes or terminal, vfork and exec.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "agent.h"

// 64-bit machines, where the agent is tested, never had 16-bit user numbers.
#ifndef SYS_setgroups32
#define SYS_setgroups32 SYS_setgroups
#define SYS_setgid32 SYS_setgid
#define SYS_setuid32 SYS_setuid
#endif

#define DEFAULT_PATH "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
#define MAX_PATH_NAME 4096

// --- description ----------------------------------------------------------------------------------

static const char *const default_env[] = {DEFAULT_PATH, "HOME=/root"};
#define DEFAULT_ENV_COUNT (sizeof default_env / sizeof *default_env)

static bool same_name(const char *a, const char *b) {
  size_t length = strcspn(a, "=");
  return strcspn(b, "=") == length && memcmp(a, b, length) == 0;
}

static bool has_name(char *const *env, const char *entry) {
  for (; *env; env++) {
    if (same_name(*env, entry)) return true;
  }
  return false;
}

// Reads `count` strings into `storage` and their places into `list`.
static char *read_list(struct reader *r, uint16_t count, char **list, char *storage) {
  for (uint16_t i = 0; i < count && !r->failed; i++) {
    list[i] = storage;
    if (read_string(r, storage, MAX_PAYLOAD)) storage += strlen(storage) + 1;
  }
  return storage;
}

static void add_defaults(struct program *program, uint16_t count) {
  for (size_t i = 0; i < DEFAULT_ENV_COUNT; i++) {
    if (!has_name(program->env, default_env[i])) program->env[count++] = (char *)default_env[i];
  }
  if (program->terminal && !has_name(program->env, "TERM")) program->env[count++] = "TERM=xterm-256color";
}

int program_parse(struct program *program, const uint8_t *payload, uint32_t length) {
  struct reader r = {payload, payload + length, false};
  memset(program, 0, sizeof *program);
  program->uid = read_u32(&r);
  program->gid = read_u32(&r);
  program->terminal = read_u8(&r) & EXEC_TERMINAL;
  read_u8(&r);
  program->columns = read_u16(&r);
  program->rows = read_u16(&r);
  // Each string gives up two bytes of length and gains one of zero, so the payload's size is enough.
  char *storage = program->storage = malloc(length + 1);
  if (!storage) return -ENOMEM;
  program->cwd = storage;
  if (read_string(&r, storage, length + 1)) storage += strlen(storage) + 1;

  uint16_t argc = read_u16(&r);
  program->argv = calloc(argc + 1u, sizeof(char *));
  if (!program->argv) return -ENOMEM;
  storage = read_list(&r, argc, program->argv, storage);

  uint16_t count = read_u16(&r);
  program->env = calloc(count + DEFAULT_ENV_COUNT + 2, sizeof(char *));
  if (!program->env) return -ENOMEM;
  read_list(&r, count, program->env, storage);
  if (r.failed || argc == 0) return -EINVAL;
  add_defaults(program, count);
  return 0;
}

void program_free(struct program *program) {
  free(program->storage);
  free(program->argv);
  free(program->env);
}

// --- descriptors ----------------------------------------------------------------------------------

// The program's ends of what it talks through.
struct ends {
  int input, output, error;
};

static void close_all(const int *fds, int count) {
  for (int i = 0; i < count; i++) {
    if (fds[i] >= 0) close(fds[i]);
  }
}

static int open_pipes(struct spawned *host, struct ends *child) {
  int fds[6] = {-1, -1, -1, -1, -1, -1};
  if (pipe2(fds, O_CLOEXEC) || pipe2(fds + 2, O_CLOEXEC) || pipe2(fds + 4, O_CLOEXEC)) {
    int error = -errno;
    close_all(fds, 6);
    return error;
  }
  *child = (struct ends){fds[0], fds[3], fds[5]};
  host->input = fds[1];
  host->output = fds[2];
  host->error = fds[4];
  return 0;
}

static int open_terminal(const struct program *program, struct spawned *host, struct ends *child) {
  int master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (master < 0) return -errno;
  int unlock = 0;
  struct winsize size = {.ws_row = program->rows, .ws_col = program->columns};
  int slave = -1;
  if (ioctl(master, TIOCSPTLCK, &unlock) == 0) slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (slave < 0 || ioctl(slave, TIOCSWINSZ, &size) < 0) {
    int error = -errno;
    close_all((int[]){master, slave}, 2);
    return error;
  }
  *child = (struct ends){slave, slave, slave};
  host->input = host->output = master;
  host->error = -1;
  return 0;
}

// --- the child ------------------------------------------------------------------------------------
// It runs in the parent's memory until exec, so it allocates nothing and leaves by _exit only.

struct failure {
  int error;
  const char *what;
};

static void reset_signals(void) {
  signal(SIGPIPE, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
}

// Children of the agent are killed for memory as anybody; the agent itself is not.
static void reset_oom_score(void) {
  int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
  if (fd < 0) return;
  if (write(fd, "0", 1) < 0) {
    // Only matters when memory runs out.
  }
  close(fd);
}

static const char *find_path(char *const *env) {
  for (; *env; env++) {
    if (same_name(*env, "PATH")) return *env + strlen("PATH=");
  }
  return "";
}

// execvpe, but with the program's own PATH, and no shell for files that are no programs.
static int exec_search(const struct program *program) {
  const char *name = program->argv[0];
  if (strchr(name, '/')) {
    execve(name, program->argv, program->env);
    return errno;
  }
  int result = ENOENT;
  char path[MAX_PATH_NAME];
  for (const char *dir = find_path(program->env); *dir && *name;) {
    size_t length = strcspn(dir, ":");
    if (length + strlen(name) + 2 <= sizeof path) {
      memcpy(path, dir, length);
      path[length] = '/';
      strcpy(path + length + (length > 0), name);
      execve(path, program->argv, program->env);
      if (errno == EACCES) result = EACCES;
      else if (errno != ENOENT && errno != ENOTDIR) return errno;
    }
    dir += length;
    if (*dir == ':') dir++;
  }
  return result;
}

static const char *change_directory(const struct program *program) {
  if (*program->cwd) return chdir(program->cwd) < 0 ? program->cwd : NULL;
  if (chdir("/root") < 0 && chdir("/") < 0) return "/";
  return NULL;
}

static const char *become(const struct program *program, const struct ends *ends) {
  setsid();
  if (program->terminal && ioctl(ends->input, TIOCSCTTY, 0) < 0) return "controlling terminal";
  if (dup2(ends->input, 0) < 0 || dup2(ends->output, 1) < 0 || dup2(ends->error, 2) < 0) return "standard streams";
  reset_oom_score();
  const char *directory = change_directory(program);
  if (directory) return directory;
  // The plain calls: the C library's would look for threads to tell.
  if (program->uid || program->gid) {
    if (syscall(SYS_setgroups32, 0, NULL) < 0 || syscall(SYS_setgid32, program->gid) < 0 ||
        syscall(SYS_setuid32, program->uid) < 0) {
      return "user";
    }
  }
  reset_signals();
  return NULL;
}

__attribute__((noinline)) static int vfork_exec(const struct program *program, const struct ends *ends,
                                                volatile struct failure *failure) {
  int pid = vfork();
  if (pid != 0) return pid;
  const char *what = become(program, ends);
  failure->error = what ? errno : exec_search(program);
  failure->what = what ? what : program->argv[0];
  _exit(127);
}

int program_spawn(const struct program *program, struct spawned *spawned, const char **what) {
  struct ends ends;
  *what = program->terminal ? "pseudo-terminal" : "pipes";
  int error = program->terminal ? open_terminal(program, spawned, &ends) : open_pipes(spawned, &ends);
  if (error) return error;
  // A descriptor of the child below 3 would be overwritten by dup2; main.c keeps 0 to 2 taken.
  volatile struct failure failure = {0, NULL};
  *what = "fork";
  spawned->pid = vfork_exec(program, &ends, &failure);
  if (spawned->pid < 0) error = -errno;
  else if (failure.error) error = -failure.error, *what = failure.what;

  close_all((int[]){ends.input, program->terminal ? -1 : ends.output, program->terminal ? -1 : ends.error}, 3);
  if (error) close_all((int[]){spawned->input, program->terminal ? -1 : spawned->output, spawned->error}, 3);
  return error;
}
