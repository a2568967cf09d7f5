#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "image-root.h"

// Its prompt comes on a clean screen: what the old root's shell has written there is of another system.
static const char clean[] = "\033[H\033[2J\033[3J";

// The dash marks a login shell; the console's is the only one while nobody else has the guest.
static const char login_shell[] = "-sh";

static int is_login_shell(const char *process) {
  const char *const words[] = {"/proc/", process, "/cmdline"};
  char path[64] = "", line[sizeof login_shell + 1];
  join(path, sizeof path, words, 3);
  int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return 0;
  ssize_t length = read(file, line, sizeof line);
  close(file);
  return length == sizeof login_shell && memcmp(line, login_shell, sizeof login_shell) == 0;
}

void renew_console(void) {
  // An image without a shell keeps the one that runs.
  if (access("/bin/sh", X_OK) < 0) return;
  int console = open("/dev/console", O_WRONLY | O_NOCTTY | O_CLOEXEC);
  if (console >= 0) {
    if (write(console, clean, sizeof clean - 1) < 0) {
      // Then the screen is as it was.
    }
    close(console);
  }
  // A few numbers, where a walk through /proc meets all threads of the kernel.
  char children[4096] = "", *state;
  int file = open("/proc/1/task/1/children", O_RDONLY | O_CLOEXEC);
  if (file < 0 || read(file, children, sizeof children - 1) < 0) fail("read", "/proc/1/task/1/children");
  close(file);
  for (char *child = strtok_r(children, " ", &state); child; child = strtok_r(NULL, " ", &state)) {
    if (is_login_shell(child)) kill(atoi(child), SIGKILL);
  }
}
