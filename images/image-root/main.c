// strata-root LAYERS DIRECTORY USER [COMMAND...]: makes an image the root of everything that runs in the guest.
//
// The layers are the directories 0, 1 and so on of the share "image", lowest first; what is written goes to the first
// disk. Everything is done in this one process: each program more is a fork and an exec on an emulator whose code for
// them is cold. It ends with 0 once the image is the root, or with 1 and a line on stderr.
#include "image-root.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

_Noreturn void fail_because(const char *call, const char *what, const char *why) {
  const char *const words[] = {call, ": ", what, ": ", why, "\n"};
  char line[1024];
  if (!join(line, sizeof line, words, 6)) memcpy(line, "Too long to be told\n", 21);
  // A reader that has gone is not told.
  _exit(write(STDERR_FILENO, line, strlen(line)) < 0 ? 2 : 1);
}

int join(char *to, size_t size, const char *const words[], int count) {
  size_t length = 0;
  for (int i = 0; i < count; i++) {
    size_t more = strlen(words[i]);
    if (length + more >= size) return 0;
    memcpy(to + length, words[i], more);
    length += more;
  }
  to[length] = 0;
  return 1;
}

_Noreturn void fail(const char *call, const char *what) { fail_because(call, what, strerror(errno)); }

int make_directories(const char *path) {
  char prefix[4096];
  size_t length = strlen(path);
  if (length >= sizeof prefix) {
    errno = ENAMETOOLONG;
    return -1;
  }
  memcpy(prefix, path, length + 1);
  for (char *slash = prefix + 1; (slash = strchr(slash, '/')); slash++) {
    *slash = 0;
    if (mkdir(prefix, 0755) < 0 && errno != EEXIST) return -1;
    *slash = '/';
  }
  return mkdir(prefix, 0755) < 0 && errno != EEXIST ? -1 : 0;
}

int main(int argc, char **argv) {
  if (argc < 4) fail_because("usage", argv[0], "LAYERS DIRECTORY USER [COMMAND...]");
  // What runs from this file goes on; nobody else needs it.
  unlink(argv[0]);
  umask(022);
  prepare_root(atoi(argv[1]));
  enter_root();
  renew_console();
  if (argc > 4) start_command(argv[2], argv[3], argv + 4);
  return 0;
}
