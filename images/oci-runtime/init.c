#include "init.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "error.h"
#include "kernel.h"
#include "terminal.h"

void init_execute(int program, int child, const char *const *arguments) {
  size_t count = 0;
  while (arguments[count]) count++;
  const char **all = calloc(count + 4, sizeof *all);
  char number[12];
  snprintf(number, sizeof number, "%d", child);
  if (!all) return;
  // What `ps` shows in the container: the child first, then what it is.
  all[0] = "/sbin/" INIT_NAME;
  all[1] = number;
  all[2] = "--";
  for (size_t i = 0; i < count; i++) all[i + 3] = arguments[i];
  const char *const environment[] = {NULL};
  syscall(SYS_execveat, program, "", all, environment, AT_EMPTY_PATH);
}

int init_main(int count, char **arguments) {
  int child = count > 1 ? atoi(arguments[1]) : 0;
  if (child <= 1) return EXIT_RUNTIME;
  prctl(PR_SET_NAME, INIT_NAME, 0, 0, 0);
  block_signals();
  int status = await_child(child);
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}
