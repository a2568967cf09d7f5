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
// Of one pax header, or one name of GNU's: more is no archive of ours to take.
#define HEADER_LIMIT (1 << 20)

struct xattr {
  char *name;
  void *value;
  size_t length;
};

struct entry {
  char *name;
  char *link;
  char type;
  struct stat status;
  struct xattr *xattrs;
  size_t xattr_count;
};

struct options {
  bool keep_kind;
  // What the archive says of "." goes to the directory that it is unpacked into.
  bool itself;
  bool owned;
  uid_t uid;
  gid_t gid;
};

// Directories get their times when nothing is put into them any more.
struct dated {
  char *path;
  struct timespec mtime;
};
static struct dated *dated;
static size_t dated_count;

static long long number(const char *field, int width) {
  const unsigned char *at = (const unsigned char *)field;
  long long value = 0;
  if (at[0] & 0x80) {
    value = at[0] & 0x40 ? -1 : 0;
    for (int i = 1; i < width; i++) value = (value << 8) | at[i];
    return value;
  }
  for (int i = 0; i < width && at[i]; i++) {
    if (at[i] == ' ') continue;
    if (at[i] < '0' || at[i] > '7') fail(INVALID, "the archive is damaged: not a number in a header");
    value = value * 8 + (at[i] - '0');
  }
  return value;
}

static char *copy_text(const char *text, size_t limit) {
  size_t length = strnlen(text, limit);
  char *copy = allocate(NULL, length + 1);
  memcpy(copy, text, length);
  copy[length] = 0;
  return copy;
}

static void skip(long long length) {
  char buffer[4096];
  while (length > 0) {
    size_t part = length < (long long)sizeof buffer ? (size_t)length : sizeof buffer;
    if (!read_exactly(buffer, part)) fail(INVALID, "the archive ends in the middle of an entry");
    length -= (long long)part;
  }
}

static long long padded(long long size) { return (size + BLOCK - 1) / BLOCK * BLOCK; }

static char *read_header_data(long long size) {
  if (size < 0 || size > HEADER_LIMIT) fail(INVALID, "the archive is damaged: a header of %lld bytes", size);
  char *data = allocate(NULL, (size_t)size + 1);
  if (!read_exactly(data, (size_t)size)) fail(INVALID, "the archive ends in the middle of a header");
  data[size] = 0;
  skip(padded(size) - size);
  return data;
}

static void replace_text(char **text, const char *value, size_t length) {
  free(*text);
  *text = copy_text(value, length);
}

// What a pax header says of the entry behind it; what its own header says is overridden.
struct overrides {
  char *path, *linkpath;
  bool has_size, has_uid, has_gid, has_mtime;
  long long size, uid, gid, mtime;
  struct xattr *xattrs;
  size_t xattr_count;
};

static void take_record(struct overrides *over, const char *key, const char *value, size_t length) {
  if (!strcmp(key, "path")) replace_text(&over->path, value, length);
  else if (!strcmp(key, "linkpath")) replace_text(&over->linkpath, value, length);
  else if (!strcmp(key, "size")) over->has_size = true, over->size = atoll(value);
  else if (!strcmp(key, "uid")) over->has_uid = true, over->uid = atoll(value);
  else if (!strcmp(key, "gid")) over->has_gid = true, over->gid = atoll(value);
  else if (!strcmp(key, "mtime")) over->has_mtime = true, over->mtime = atoll(value);
  else if (!strncmp(key, "SCHILY.xattr.", 13)) {
    over->xattrs = allocate(over->xattrs, (over->xattr_count + 1) * sizeof *over->xattrs);
    struct xattr *made = &over->xattrs[over->xattr_count++];
    made->name = copy_text(key + 13, strlen(key) - 13);
    made->value = allocate(NULL, length);
    memcpy(made->value, value, length);
    made->length = length;
  }
}

static void take_records(struct overrides *over, char *data, size_t size) {
  char *at = data, *end = data + size;
  while (at < end) {
    char *blank;
    unsigned long length = strtoul(at, &blank, 10);
    char *next = at + length;
    if (*blank != ' ' || length < 5 || next > end || next[-1] != '\n') fail(INVALID, "the archive is damaged: a pax record");
    char *equals = memchr(blank + 1, '=', (size_t)(next - blank - 1));
    if (!equals) fail(INVALID, "the archive is damaged: a pax record");
    *equals = 0;
    next[-1] = 0;
    take_record(over, blank + 1, equals + 1, (size_t)(next - 1 - equals - 1));
    at = next;
  }
}

static bool is_empty(const char *block) {
  for (int i = 0; i < BLOCK; i++) {
    if (block[i]) return false;
  }
  return true;
}

static void check_sum(const char *block) {
  unsigned sum = 0;
  for (int i = 0; i < BLOCK; i++) sum += i >= 148 && i < 156 ? ' ' : (unsigned char)block[i];
  if (number(block + 148, 8) != (long long)sum) fail(INVALID, "the archive is damaged: a header with a wrong checksum");
}

// The next entry; false at the end.
static bool next_entry(struct entry *entry) {
  struct overrides over = {0};
  char block[BLOCK];
  for (;;) {
    if (!read_exactly(block, BLOCK) || is_empty(block)) return false;
    check_sum(block);
    long long size = number(block + 124, 12);
    char type = block[156];
    if (type == 'x' || type == 'g') {
      char *data = read_header_data(size);
      if (type == 'x') take_records(&over, data, (size_t)size);
      free(data);
    } else if (type == 'L' || type == 'K') {
      char *data = read_header_data(size);
      replace_text(type == 'L' ? &over.path : &over.linkpath, data, (size_t)size);
      free(data);
    } else {
      break;
    }
  }
  *entry = (struct entry){.type = block[156] ? block[156] : TAR_FILE, .xattrs = over.xattrs, .xattr_count = over.xattr_count};
  char *name = copy_text(block, 100);
  if (!memcmp(block + 257, "ustar\0", 6) && block[345]) {
    char *prefix = copy_text(block + 345, 155), *full = join(prefix, name);
    free(prefix);
    free(name);
    name = full;
  }
  entry->name = over.path ? over.path : name;
  entry->link = over.linkpath ? over.linkpath : copy_text(block + 157, 100);
  struct stat *status = &entry->status;
  status->st_mode = (mode_t)number(block + 100, 8) & 07777;
  status->st_uid = (uid_t)(over.has_uid ? over.uid : number(block + 108, 8));
  status->st_gid = (gid_t)(over.has_gid ? over.gid : number(block + 116, 8));
  status->st_size = over.has_size ? over.size : number(block + 124, 12);
  status->st_mtime = over.has_mtime ? over.mtime : number(block + 136, 12);
  if (entry->type == TAR_CHARACTER || entry->type == TAR_BLOCK) {
    status->st_rdev = makedev((unsigned)number(block + 329, 8), (unsigned)number(block + 337, 8));
  }
  if (status->st_size < 0) fail(INVALID, "the archive is damaged: a size below zero");
  return true;
}

// Relative, without "." and empty parts; a name that leads up is refused, as it is in every engine.
static char *plain_name(const char *name) {
  char *plain = allocate(NULL, strlen(name) + 2);
  size_t length = 0;
  for (const char *at = name; *at;) {
    size_t part = strcspn(at, "/");
    if (part == 2 && !strncmp(at, "..", 2)) fail(INVALID, "the archive names a file outside: %s", name);
    if (part > 0 && !(part == 1 && *at == '.')) {
      if (length > 0) plain[length++] = '/';
      memcpy(plain + length, at, part);
      length += part;
    }
    at += part;
    while (*at == '/') at++;
  }
  plain[length] = 0;
  return plain;
}

static void make_parents(const char *path) {
  char *copy = copy_text(path, strlen(path));
  for (char *slash = strchr(copy, '/'); slash; slash = strchr(slash + 1, '/')) {
    *slash = 0;
    if (*copy && mkdir(copy, 0755) == 0) {
      if (lchown(copy, first_id, first_id) < 0) fail_call("chown", copy);
    } else if (*copy && errno != EEXIST) {
      fail_call("mkdir", copy);
    }
    *slash = '/';
  }
  free(copy);
}

// Whether something is there. What may not be replaced fails.
static bool look_there(const char *path, const struct entry *entry, const struct options *options, struct stat *there) {
  if (lstat(path, there) < 0) {
    if (errno != ENOENT) fail_call("lstat", path);
    return false;
  }
  bool comes = entry->type == TAR_DIRECTORY;
  if (options->keep_kind && S_ISDIR(there->st_mode) != comes) {
    fail(INVALID, comes ? "cannot overwrite non-directory \"%s\" with directory" : "cannot overwrite directory \"%s\" with non-directory", path);
  }
  return true;
}

// Makes room for what comes. True: a directory is there already, and stays.
static bool make_room(const char *path, const struct entry *entry, const struct options *options) {
  struct stat there;
  if (!look_there(path, entry, options, &there)) return false;
  if (S_ISDIR(there.st_mode) && entry->type == TAR_DIRECTORY) return true;
  remove_tree(path);
  return false;
}

static void put_bytes(const char *path, int fd, long long size) {
  static char buffer[65536];
  for (long long left = size; left > 0;) {
    size_t part = left < (long long)sizeof buffer ? (size_t)left : sizeof buffer;
    if (!read_exactly(buffer, part)) fail(INVALID, "the archive ends in the middle of %s", path);
    for (size_t at = 0; at < part;) {
      ssize_t count = write(fd, buffer + at, part - at);
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) fail_call("write", path);
      at += (size_t)count;
    }
    left -= (long long)part;
  }
  skip(padded(size) - size);
}

// `fd`: the file itself, which need not have that name yet; -1: what has it.
static void describe(const char *path, int fd, const struct entry *entry, const struct options *options) {
  const struct stat *status = &entry->status;
  // An owner that was named is one of the host's.
  uid_t uid = options->owned ? options->uid : status->st_uid + first_id;
  gid_t gid = options->owned ? options->gid : status->st_gid + first_id;
  if ((fd < 0 ? lchown(path, uid, gid) : fchown(fd, uid, gid)) < 0) fail_call("chown", path);
  bool has_mode = entry->type != TAR_SYMLINK;
  if (has_mode && (fd < 0 ? chmod(path, status->st_mode) : fchmod(fd, status->st_mode)) < 0) fail_call("chmod", path);
  for (size_t i = 0; i < entry->xattr_count; i++) {
    const struct xattr *xattr = &entry->xattrs[i];
    int result = fd < 0 ? lsetxattr(path, xattr->name, xattr->value, xattr->length, 0)
                        : fsetxattr(fd, xattr->name, xattr->value, xattr->length, 0);
    // What a file system does not take is not worth losing the file for.
    if (result < 0 && errno != ENOTSUP && errno != EPERM) fail_call("setxattr", path);
  }
  struct timespec mtime = {.tv_sec = status->st_mtime};
  if (entry->type == TAR_DIRECTORY) {
    dated = allocate(dated, (dated_count + 1) * sizeof *dated);
    dated[dated_count++] = (struct dated){copy_text(path, strlen(path)), mtime};
  } else if (fd < 0) {
    utimensat(AT_FDCWD, path, (struct timespec[]){mtime, mtime}, AT_SYMLINK_NOFOLLOW);
  } else {
    futimens(fd, (struct timespec[]){mtime, mtime});
  }
}

// A file gets its name when it is whole. What was cut short, by the host's end too, has none.
static void put_file(const char *path, const struct entry *entry, const struct options *options) {
  struct stat there;
  look_there(path, entry, options, &there);
  struct draft draft = draft_open(path);
  put_bytes(path, draft.fd, entry->status.st_size);
  describe(path, draft.fd, entry, options);
  draft_name(&draft, path);
}

static mode_t kind_of(char type) { return type == TAR_CHARACTER ? S_IFCHR : type == TAR_BLOCK ? S_IFBLK : S_IFIFO; }

static void put_entry(const struct entry *entry, const struct options *options) {
  char *path = plain_name(entry->name);
  long long size = entry->status.st_size;
  bool has_bytes = entry->type == TAR_FILE || entry->type == '7';
  if (!*path) {
    skip(padded(size));
    if (options->itself && entry->type == TAR_DIRECTORY) describe(".", -1, entry, options);
    free(path);
    return;
  }
  make_parents(path);
  if (has_bytes) {
    put_file(path, entry, options);
    free(path);
    return;
  }
  skip(padded(size));
  bool there = make_room(path, entry, options);
  if (entry->type == TAR_DIRECTORY) {
    if (!there && mkdir(path, 0755) < 0) fail_call("mkdir", path);
  } else if (entry->type == TAR_SYMLINK) {
    if (symlink(entry->link, path) < 0) fail_call("symlink", path);
  } else if (entry->type == TAR_LINK) {
    char *target = plain_name(entry->link);
    if (link(target, path) < 0) fail_call("link", path);
    free(target);
    free(path);
    return;
  } else if (entry->type == TAR_CHARACTER || entry->type == TAR_BLOCK || entry->type == TAR_FIFO) {
    if (mknod(path, kind_of(entry->type) | 0600, entry->status.st_rdev) < 0) fail_call("mknod", path);
  } else {
    fail(INVALID, "the archive has an entry of an unknown type '%c': %s", entry->type, entry->name);
  }
  describe(path, -1, entry, options);
  free(path);
}

static void forget(struct entry *entry) {
  free(entry->name);
  free(entry->link);
  for (size_t i = 0; i < entry->xattr_count; i++) {
    free(entry->xattrs[i].name);
    free(entry->xattrs[i].value);
  }
  free(entry->xattrs);
}

// Unpacks a tar below the directory `path`. "keep-kind": nothing that is a directory becomes something else, nor the
// other way round; "itself": the directory becomes as the archive says of "."; "UID:GID": who owns everything.
void unpack(const char *path, int argc, char **argv) {
  struct options options = {0};
  for (int i = 0; i < argc; i++) {
    unsigned uid, gid;
    if (!strcmp(argv[i], "keep-kind")) options.keep_kind = true;
    else if (!strcmp(argv[i], "itself")) options.itself = true;
    else if (sscanf(argv[i], "%u:%u", &uid, &gid) == 2) options.owned = true, options.uid = uid, options.gid = gid;
    else fail(INVALID, "no such option: %s", argv[i]);
  }
  struct stat status;
  if (stat(path, &status) < 0) fail_call("stat", path);
  if (!S_ISDIR(status.st_mode)) fail(INVALID, "extraction point is not a directory: %s", path);
  if (chdir(path) < 0) fail_call("chdir", path);
  umask(0);
  struct entry entry;
  while (next_entry(&entry)) {
    put_entry(&entry, &options);
    forget(&entry);
  }
  for (size_t i = dated_count; i > 0; i--) {
    struct timespec times[] = {dated[i - 1].mtime, dated[i - 1].mtime};
    utimensat(AT_FDCWD, dated[i - 1].path, times, AT_SYMLINK_NOFOLLOW);
  }
  // Some writers go on behind the end, and must not be killed by a closed pipe.
  char rest[4096];
  while (read(STDIN_FILENO, rest, sizeof rest) > 0) continue;
}
