#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "account.h"
#include "image-root.h"

#define LOG "/var/log/entrypoint.log"

// As a shell has them.
#define NOT_FOUND 127
#define NOT_STARTED 126
#define SIGNALED 128

static void use_as_streams(const char *path, int flags, int first, int last) {
  int file = open(path, flags, 0644);
  if (file < 0) fail("open", path);
  for (int stream = first; stream <= last; stream++) dup2(file, stream);
  if (file > 2) close(file);
}

// Into the log.
static void tell(const char *const words[], int count) {
  char line[1024];
  if (!join(line, sizeof line, words, count) || write(STDOUT_FILENO, line, strlen(line)) < 0) _exit(NOT_STARTED);
}

static void become(const char *user) {
  struct account account;
  find_account(user, &account);
  if (setgroups(account.group_count, account.groups) < 0 || setgid(account.gid) < 0 || setuid(account.uid) < 0) {
    fail("user", user);
  }
}

static _Noreturn void run(const char *user, char **argv) {
  setsid();
  if (*user) become(user);
  execvp(argv[0], argv);
  const int error = errno;
  const char *const words[] = {argv[0], ": ", strerror(error), "\n"};
  tell(words, 4);
  _exit(error == ENOENT ? NOT_FOUND : NOT_STARTED);
}

// Beside the command as long as it runs, to tell how it ended.
static _Noreturn void attend(const char *directory, const char *user, char **argv) {
  // Those of the program that set everything up are closed at once: its end is waited for.
  use_as_streams("/dev/null", O_RDWR, 0, 2);
  use_as_streams(LOG, O_WRONLY | O_CREAT | O_APPEND, 1, 2);
  if (chdir(directory) < 0 && (make_directories(directory) < 0 || chdir(directory) < 0)) fail("chdir", directory);
  pid_t command = fork();
  if (command < 0) fail("fork", argv[0]);
  if (command == 0) run(user, argv);
  int status = 0;
  while (waitpid(command, &status, 0) < 0 && errno == EINTR) {
  }
  int code = WIFSIGNALED(status) ? SIGNALED + WTERMSIG(status) : WEXITSTATUS(status);
  char digits[] = {(char)('0' + code / 100), (char)('0' + code / 10 % 10), (char)('0' + code % 10), 0};
  const char *number = digits;
  while (number[0] == '0' && number[1]) number++;
  const char *const words[] = {"The image's command ended with code ", number, "\n"};
  tell(words, 3);
  _exit(0);
}

void start_command(const char *directory, const char *user, char **argv) {
  pid_t attendant = fork();
  if (attendant < 0) fail("fork", argv[0]);
  if (attendant == 0) attend(directory, user, argv);
}
