#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "files.h"

#define BLOCK 512
#define NAME_BYTES 100
#define LARGEST_SIZE 077777777777LL
#define LARGEST_ID 07777777

// Files that are written and have further names: the first is the file, the others are links to it.
struct written {
  dev_t device;
  ino_t inode;
  char *name;
};
static struct written *written;
static size_t written_count;

// Records of the next pax header.
static char *records;
static size_t records_length;

// Who has no id in the container is nobody there.
#define NOBODY 65534

static unsigned inside(unsigned id) { return id < first_id ? NOBODY : id - first_id; }

static void put_octal(char *field, int width, unsigned long long value) {
  char text[32];
  snprintf(text, sizeof text, "%0*llo", width - 1, value);
  memcpy(field, text, (size_t)width - 1);
}

static void put_header(const char *name, const char *link, char type, const struct stat *status, long long size) {
  char block[BLOCK] = {0};
  strncpy(block, name, NAME_BYTES);
  put_octal(block + 100, 8, status->st_mode & 07777);
  unsigned uid = inside(status->st_uid), gid = inside(status->st_gid);
  put_octal(block + 108, 8, uid > LARGEST_ID ? 0 : uid);
  put_octal(block + 116, 8, gid > LARGEST_ID ? 0 : gid);
  put_octal(block + 124, 12, size > LARGEST_SIZE ? 0 : (unsigned long long)size);
  put_octal(block + 136, 12, status->st_mtime < 0 ? 0 : (unsigned long long)status->st_mtime);
  memset(block + 148, ' ', 8);
  block[156] = type;
  strncpy(block + 157, link, NAME_BYTES);
  memcpy(block + 257, "ustar\00000", 8);
  if (type == TAR_CHARACTER || type == TAR_BLOCK) {
    put_octal(block + 329, 8, major(status->st_rdev));
    put_octal(block + 337, 8, minor(status->st_rdev));
  }
  unsigned sum = 0;
  for (int i = 0; i < BLOCK; i++) sum += (unsigned char)block[i];
  snprintf(block + 148, 8, "%06o", sum);
  block[155] = ' ';
  write_all(block, BLOCK);
}

static void put_padding(long long size) {
  static const char zeros[BLOCK];
  if (size % BLOCK) write_all(zeros, (size_t)(BLOCK - size % BLOCK));
}

// "LENGTH KEY=VALUE\n", the length counting itself.
static void add_record(const char *key, const void *value, size_t length) {
  size_t rest = strlen(key) + length + 3, total = rest + 1, digits;
  do {
    digits = (size_t)snprintf(NULL, 0, "%zu", total);
    total = rest + digits;
  } while (digits != (size_t)snprintf(NULL, 0, "%zu", total));
  records = allocate(records, records_length + total + 1);
  char *at = records + records_length;
  at += sprintf(at, "%zu %s=", total, key);
  memcpy(at, value, length);
  at[length] = '\n';
  records_length += total;
}

static void add_number(const char *key, long long value) {
  char text[32];
  add_record(key, text, (size_t)sprintf(text, "%lld", value));
}

// Capabilities that are the container's root's have that root's id in the host with them (capabilities(7), version 3);
// inside they are anybody's (version 2). The length afterwards.
static ssize_t inside_capabilities(unsigned char *value, ssize_t length) {
  static const ssize_t with_id = 24, without = 20;
  uint32_t root;
  if (length != with_id || value[3] != 3) return length;
  memcpy(&root, value + without, sizeof root);
  if (first_id == 0 || root != first_id) return length;
  value[3] = 2;
  return without;
}

static void add_xattrs(const char *source) {
  ssize_t length = llistxattr(source, NULL, 0);
  if (length <= 0) return;
  char *names = allocate(NULL, (size_t)length);
  length = llistxattr(source, names, (size_t)length);
  for (char *name = names; length > 0 && name < names + length; name += strlen(name) + 1) {
    // The union's own notes, and what the kernel makes up.
    if (!strncmp(name, "trusted.overlay.", 16) || !strncmp(name, "user.overlay.", 13)) continue;
    if (!strncmp(name, "system.", 7)) continue;
    ssize_t size = lgetxattr(source, name, NULL, 0);
    if (size < 0) continue;
    void *value = allocate(NULL, (size_t)size);
    size = lgetxattr(source, name, value, (size_t)size);
    if (!strcmp(name, "security.capability")) size = inside_capabilities(value, size);
    char *key = allocate(NULL, strlen(name) + 14);
    sprintf(key, "SCHILY.xattr.%s", name);
    if (size >= 0) add_record(key, value, (size_t)size);
    free(key);
    free(value);
  }
  free(names);
}

static void put_pax_header(const char *name, const char *link, const struct stat *status, long long size) {
  if (strlen(name) > NAME_BYTES) add_record("path", name, strlen(name));
  if (strlen(link) > NAME_BYTES) add_record("linkpath", link, strlen(link));
  if (size > LARGEST_SIZE) add_number("size", size);
  unsigned uid = inside(status->st_uid), gid = inside(status->st_gid);
  if (uid > LARGEST_ID) add_number("uid", uid);
  if (gid > LARGEST_ID) add_number("gid", gid);
  if (status->st_mtime < 0) add_number("mtime", status->st_mtime);
  if (records_length == 0) return;
  struct stat plain = {.st_mode = 0644};
  put_header("PaxHeaders/entry", "", 'x', &plain, (long long)records_length);
  write_all(records, records_length);
  put_padding((long long)records_length);
  records_length = 0;
}

static const char *find_written(const struct stat *status) {
  for (size_t i = 0; i < written_count; i++) {
    if (written[i].inode == status->st_ino && written[i].device == status->st_dev) return written[i].name;
  }
  return NULL;
}

static void remember(const char *name, const struct stat *status) {
  if (written_count % 64 == 0) written = allocate(written, (written_count + 64) * sizeof *written);
  char *copy = allocate(NULL, strlen(name) + 1);
  written[written_count++] = (struct written){status->st_dev, status->st_ino, strcpy(copy, name)};
}

// As many bytes as were announced, whatever becomes of the file meanwhile.
static void put_content(int fd, const char *source, long long size) {
  static char buffer[65536];
  long long left = size;
  while (left > 0) {
    size_t wanted = left < (long long)sizeof buffer ? (size_t)left : sizeof buffer;
    ssize_t count = read(fd, buffer, wanted);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) fail_call("read", source);
    if (count == 0) memset(buffer, 0, (size_t)(count = (ssize_t)wanted));
    write_all(buffer, (size_t)count);
    left -= count;
  }
  put_padding(size);
}

static void put_file(const char *name, const char *source, const struct stat *status) {
  int fd = open(source, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  struct stat now;
  // It has gone meanwhile, or is something else.
  if (fd < 0 && (errno == ENOENT || errno == ELOOP)) return;
  if (fd < 0 || fstat(fd, &now) < 0) fail_call("open", source);
  if (S_ISREG(now.st_mode)) {
    if (now.st_nlink > 1) remember(name, status);
    add_xattrs(source);
    put_pax_header(name, "", &now, now.st_size);
    put_header(name, "", TAR_FILE, &now, now.st_size);
    put_content(fd, source, now.st_size);
  }
  close(fd);
}

void tar_put(const char *name, const char *source, const struct stat *status) {
  mode_t mode = status->st_mode;
  if (S_ISSOCK(mode)) return;
  const char *first = !S_ISDIR(mode) && status->st_nlink > 1 ? find_written(status) : NULL;
  if (first) {
    put_pax_header(name, first, status, 0);
    put_header(name, first, TAR_LINK, status, 0);
    return;
  }
  if (S_ISREG(mode)) {
    put_file(name, source, status);
    return;
  }
  char target[4096] = "";
  char type = S_ISDIR(mode) ? TAR_DIRECTORY : S_ISLNK(mode) ? TAR_SYMLINK : S_ISCHR(mode) ? TAR_CHARACTER : S_ISBLK(mode) ? TAR_BLOCK : TAR_FIFO;
  if (type == TAR_SYMLINK) {
    ssize_t length = readlink(source, target, sizeof target - 1);
    if (length < 0 && errno == ENOENT) return;
    if (length < 0) fail_call("readlink", source);
    target[length] = 0;
  }
  if (!S_ISDIR(mode) && status->st_nlink > 1) remember(name, status);
  char *full = allocate(NULL, strlen(name) + 2);
  sprintf(full, "%s%s", name, type == TAR_DIRECTORY && name[strlen(name) - 1] != '/' ? "/" : "");
  add_xattrs(source);
  put_pax_header(full, target, status, 0);
  put_header(full, target, type, status, 0);
  free(full);
}

void tar_put_mark(const char *name, const struct stat *like) {
  struct stat plain = {.st_mode = 0644, .st_mtime = like->st_mtime};
  put_pax_header(name, "", &plain, 0);
  put_header(name, "", TAR_FILE, &plain, 0);
}

void tar_finish(void) {
  static const char end[BLOCK * 2];
  write_all(end, sizeof end);
}
