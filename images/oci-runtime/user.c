#include "user.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "error.h"

// The plain calls: the C library's would look for threads to tell. On i386 these are those with 32 bits.
#ifdef SYS_setresuid32
#define CALL_SETRESUID SYS_setresuid32
#define CALL_SETRESGID SYS_setresgid32
#define CALL_SETGROUPS SYS_setgroups32
#else
#define CALL_SETRESUID SYS_setresuid
#define CALL_SETRESGID SYS_setresgid
#define CALL_SETGROUPS SYS_setgroups
#endif

static bool id_of(const struct json *object, const char *key, uint32_t *id) {
  uint64_t value = 0;
  const struct json *member = json_get(object, key);
  if (member && (!json_uint(member, &value) || value > 0xffffffff)) return false;
  *id = (uint32_t)value;
  return true;
}

int user_parse(const struct json *object, struct user *user) {
  *user = (struct user){.umask = -1, .name = json_text(json_get(object, "username"), NULL)};
  int64_t mask;
  if (!id_of(object, "uid", &user->uid) || !id_of(object, "gid", &user->gid)) {
    return fail(INVALID_ARGUMENT, "process.user: uid and gid are numbers");
  }
  if (json_int(json_get(object, "umask"), &mask)) user->umask = (int)mask & 0777;
  json_each(item, json_get(object, "additionalGids")) {
    uint64_t gid;
    if (!json_uint(item, &gid) || user->group_count == MAX_GROUPS) {
      return fail(INVALID_ARGUMENT, "process.user.additionalGids: at most %d numbers", MAX_GROUPS);
    }
    user->groups[user->group_count++] = (uint32_t)gid;
  }
  return 0;
}

// --- the container's files ------------------------------------------------------------------------

#define MAX_FIELDS 7
#define MAX_TEXT (64u << 10)

// A file of lines of fields; what is behind its first 64 KiB is not looked at. NULL when there is none.
static char *read_table(const char *path) {
  int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  struct stat status;
  char *text = NULL;
  if (fd >= 0 && fstat(fd, &status) == 0 && S_ISREG(status.st_mode)) {
    text = malloc(MAX_TEXT + 1);
    ssize_t length = text ? read(fd, text, MAX_TEXT) : -1;
    if (text) text[length > 0 ? length : 0] = 0;
  }
  if (fd >= 0) close(fd);
  return text;
}

// Cuts the line at `*at` into fields and goes to the next one; false at the end.
static bool next_line(char **at, char *fields[MAX_FIELDS]) {
  char *line = *at;
  if (!*line) return false;
  size_t length = strcspn(line, "\n");
  *at = line + length + (line[length] == '\n');
  line[length] = 0;
  for (int i = 0; i < MAX_FIELDS; i++) {
    fields[i] = line;
    line += strcspn(line, ":");
    if (*line == ':') *line++ = 0;
  }
  return true;
}

static bool is_number(const char *text, uint32_t *value) {
  char *end;
  errno = 0;
  unsigned long long number = strtoull(text, &end, 10);
  if (*text < '0' || *text > '9' || *end || errno || number > 0xffffffff) return false;
  *value = (uint32_t)number;
  return true;
}

static bool member_of(char *list, const char *name) {
  char *state;
  for (char *member = strtok_r(list, ",", &state); member; member = strtok_r(NULL, ",", &state)) {
    if (strcmp(member, name) == 0) return true;
  }
  return false;
}

// By name, or by number when `name` is NULL. What was found stays in `storage`.
struct account {
  char *storage;
  const char *name, *home;
  uint32_t uid, gid;
};

static bool find_account(const char *name, uint32_t uid, struct account *account) {
  char *fields[MAX_FIELDS];
  char *at = account->storage = read_table("/etc/passwd");
  while (at && next_line(&at, fields)) {
    uint32_t number;
    if (!is_number(fields[2], &number) || !is_number(fields[3], &account->gid)) continue;
    if (name ? strcmp(fields[0], name) != 0 : number != uid) continue;
    account->uid = number;
    account->name = fields[0];
    account->home = fields[5];
    return true;
  }
  return false;
}

static int find_group(const char *name, uint32_t *gid) {
  char *fields[MAX_FIELDS], *text = read_table("/etc/group"), *at = text;
  bool found = false;
  while (at && !found && next_line(&at, fields)) found = strcmp(fields[0], name) == 0 && is_number(fields[2], gid);
  free(text);
  if (found || is_number(name, gid)) return 0;
  return fail(NOT_FOUND, "unable to find group %s: no matching entries in group file", name);
}

static void add_groups_of(struct user *user, const char *name) {
  char *fields[MAX_FIELDS], *text = read_table("/etc/group"), *at = text;
  while (at && next_line(&at, fields)) {
    uint32_t gid;
    if (!is_number(fields[2], &gid) || !member_of(fields[3], name) || user->group_count == MAX_GROUPS) continue;
    user->groups[user->group_count++] = gid;
  }
  free(text);
}

static int resolve_name(struct user *user, struct account *account) {
  char name[256];
  size_t length = strcspn(user->name, ":");
  const char *group = user->name[length] ? user->name + length + 1 : "";
  if (length >= sizeof name) return fail(INVALID_ARGUMENT, "The name of a user is too long: %s", user->name);
  memcpy(name, user->name, length);
  name[length] = 0;
  uint32_t uid = 0;
  bool numeric = is_number(name, &uid);
  bool found = (*name && find_account(name, 0, account));
  if (!found) {
    free(account->storage);
    account->storage = NULL;
    if (*name && !numeric) return fail(NOT_FOUND, "unable to find user %s: no matching entries in passwd file", name);
    found = find_account(NULL, uid, account);
  }
  user->uid = found ? account->uid : uid;
  user->gid = found ? account->gid : 0;
  if (*group) return find_group(group, &user->gid);
  // As docker: who names a group has no others.
  if (found) add_groups_of(user, account->name);
  return 0;
}

int user_resolve(struct user *user, char *home, size_t size) {
  struct account account = {0};
  int result = 0;
  if (user->name && *user->name) result = resolve_name(user, &account);
  else find_account(NULL, user->uid, &account);
  const char *found = account.home && *account.home ? account.home : "/";
  strncpy(home, found, size - 1);
  home[size - 1] = 0;
  free(account.storage);
  return result;
}

int user_become(const struct user *user) {
  umask(user->umask >= 0 ? (mode_t)user->umask : 022);
  prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0);
  if (syscall(CALL_SETGROUPS, user->group_count, user->groups) < 0) return fail_os("additional groups");
  if (syscall(CALL_SETRESGID, user->gid, user->gid, user->gid) < 0) return fail_os("gid %u", user->gid);
  if (syscall(CALL_SETRESUID, user->uid, user->uid, user->uid) < 0) return fail_os("uid %u", user->uid);
  return 0;
}
