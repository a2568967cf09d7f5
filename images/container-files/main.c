// strata-files: files of a container's root, with no way out of it.
//
//   stat ROOT PATH                         mode, size, seconds and nanoseconds of the last change, then the target of a link
//   pack ROOT PATH NAME [apart]            a tar of what is at PATH, called NAME in it, on stdout; without what is mounted there
//   unpack ROOT PATH [keep-kind] [itself] [UID:GID]   the tar on stdin, below the directory PATH
//   layer UPPER LOWER [MOUNT-POINT...]     an OCI layer of what was changed
//   changes UPPER LOWER [MOUNT-POINT...]   what was changed
//
// `--ids N` before the command: users and groups of the container have ids in the host that begin at N. `--whole DIR`: there
// the container's files are with what UPPER has of them by reference.
//
// With ROOT the program locks itself in there first: the kernel resolves every path inside, whoever changes links
// meanwhile. It ends with 0, or with 1 and one line on stderr: "CODE: what is wrong".
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "files.h"

static void enter(const char *root) {
  if (chroot(root) < 0 || chdir("/") < 0) fail_call("enter", root);
}

static void print_status(const char *path) {
  struct stat status;
  char target[4096] = "";
  if (lstat(path, &status) < 0) fail_call("lstat", path);
  if (S_ISLNK(status.st_mode)) {
    ssize_t length = readlink(path, target, sizeof target - 1);
    target[length > 0 ? length : 0] = 0;
  }
  printf("%u %lld %lld %ld %s", (unsigned)status.st_mode, (long long)status.st_size, (long long)status.st_mtime,
         (long)status.st_mtim.tv_nsec, target);
}

// How many words are options.
static int take_options(int argc, char **argv) {
  int taken = 1;
  for (; taken + 1 < argc; taken += 2) {
    const char *value = argv[taken + 1];
    if (!strcmp(argv[taken], "--ids")) {
      char *end;
      first_id = (uint32_t)strtoul(value, &end, 10);
      if (*end) fail(INVALID, "--ids %s: not a number", value);
    } else if (!strcmp(argv[taken], "--whole")) {
      whole = value;
    } else {
      break;
    }
  }
  return taken - 1;
}

int main(int argc, char **argv) {
  int taken = take_options(argc, argv);
  argc -= taken;
  argv += taken;
  const char *command = argc > 1 ? argv[1] : "";
  if (!strcmp(command, "stat") && argc == 4) {
    enter(argv[2]);
    print_status(argv[3]);
  } else if (!strcmp(command, "pack") && (argc == 5 || (argc == 6 && !strcmp(argv[5], "apart")))) {
    enter(argv[2]);
    pack(argv[3], argv[4], argc == 6);
  } else if (!strcmp(command, "unpack") && argc >= 4) {
    enter(argv[2]);
    unpack(argv[3], argc - 4, argv + 4);
  } else if (!strcmp(command, "layer") && argc >= 4) {
    layer(argv[2], argc - 3, argv + 3);
  } else if (!strcmp(command, "changes") && argc >= 4) {
    changes(argv[2], argv[3], argc - 4, argv + 4);
  } else {
    fail(INVALID, "usage: strata-files stat|pack|unpack|layer|changes ...");
  }
  return 0;
}
