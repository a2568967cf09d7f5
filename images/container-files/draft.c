#include "draft-name.h"
#include "files.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

// That of what is not whole yet, where a file cannot be without one.
static char *name;

static void remove_name(void) {
  if (name) unlink(name);
}

static char *parent_of(const char *path) {
  const char *slash = strrchr(path, '/');
  char *parent = allocate(NULL, strlen(path) + 2);
  if (!slash) return strcpy(parent, ".");
  memcpy(parent, path, (size_t)(slash - path));
  parent[slash - path] = 0;
  return parent;
}

// Of struct statx (statx(2)); musl 1.2.3 does not have it.
struct mount_status {
  uint8_t before[0x90];
  uint64_t mount;
  uint8_t after[0x68];
};
#define STATUS_MOUNT 0x1000u

// Two places between which a file can be renamed.
static bool is_same_mount(const char *a, const char *b) {
  struct mount_status of_a, of_b;
  bool known = syscall(SYS_statx, AT_FDCWD, a, 0, STATUS_MOUNT, &of_a) == 0 &&
               syscall(SYS_statx, AT_FDCWD, b, 0, STATUS_MOUNT, &of_b) == 0;
  return known && of_a.mount == of_b.mount;
}

// In the root where that is possible, since there it is found again when this program was ended on the way: ../oci-runtime/host.c.
static int open_named(const char *parent, const char *path) {
  static bool registered;
  if (!registered) atexit(remove_name);
  registered = true;
  char own[48];
  snprintf(own, sizeof own, DRAFT_PREFIX "%d", (int)getpid());
  char *made = join(is_same_mount("/", parent) ? "/" : parent, own);
  // Of an earlier program that had the same number.
  if (unlink(made) < 0 && errno != ENOENT) fail_call("create", path);
  int fd = open(made, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0) fail_call("create", path);
  name = made;
  return fd;
}

struct draft draft_open(const char *path) {
  char *parent = parent_of(path);
  int fd = open(parent, O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
  bool named = fd < 0 && errno == EOPNOTSUPP;
  if (named) fd = open_named(parent, path);
  if (fd < 0) fail_call("create", path);
  free(parent);
  return (struct draft){.fd = fd, .named = named};
}

// So that ext4 has its blocks before its name: else a host that ends now leaves an empty file. An overlay's file has its pages in
// another one, of which sync_file_range knows nothing; to be asked where its blocks are, it has to have some.
static void write_out(const struct draft *draft, const char *path) {
  struct fiemap blocks = {.fm_length = FIEMAP_MAX_OFFSET, .fm_flags = FIEMAP_FLAG_SYNC};
  if (!draft->named) sync_file_range(draft->fd, 0, 0, SYNC_FILE_RANGE_WRITE);
  else if (ioctl(draft->fd, FS_IOC_FIEMAP, &blocks) < 0 && fdatasync(draft->fd) < 0) fail_call("write", path);
}

void draft_name(struct draft *draft, const char *path) {
  struct stat there;
  write_out(draft, path);
  bool taken = lstat(path, &there) == 0;
  // A name that is renamed to takes the place of a file at once.
  if (taken && (S_ISDIR(there.st_mode) || !draft->named)) remove_tree(path);
  if (draft->named) {
    if (rename(name, path) < 0) fail_call("rename", path);
    free(name);
    name = NULL;
  } else if (linkat(draft->fd, "", AT_FDCWD, path, AT_EMPTY_PATH) < 0) {
    fail_call("link", path);
  }
  if (close(draft->fd) < 0) fail_call("write", path);
}
