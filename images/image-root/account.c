#include "account.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "image-root.h"

#define MAX_NAME 256
// What is behind that in a list is not looked at.
#define MAX_LIST 65536

// passwd(5): name, password, uid, gid; group(5): name, password, gid, members.
enum { NAME, NUMBER = 2, GID = 3, MEMBERS = 3, FIELDS = 4 };

static char list[MAX_LIST + 1];

static char *read_list(const char *path) {
  int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  ssize_t length = file < 0 ? 0 : read(file, list, MAX_LIST);
  if (file >= 0) close(file);
  list[length > 0 ? length : 0] = 0;
  return list;
}

// Cuts the line at `*at` into its first fields and goes on to the next one; false at the end.
static bool next_line(char **at, char *fields[FIELDS]) {
  char *line = *at;
  if (!*line) return false;
  size_t length = strcspn(line, "\n");
  *at = line + length + (line[length] == '\n');
  line[length] = 0;
  for (int i = 0; i < FIELDS; i++) {
    fields[i] = line;
    line += strcspn(line, ":");
    if (*line == ':') *line++ = 0;
  }
  return true;
}

static bool is_number(const char *text, unsigned *number) {
  char *end;
  unsigned long value = strtoul(text, &end, 10);
  if (*text < '0' || *text > '9' || *end || value >= (unsigned)-1) return false;
  *number = (unsigned)value;
  return true;
}

// By its name, or by its number where `name` is NULL.
static bool find_user(const char *name, struct account *account, char found[MAX_NAME]) {
  char *fields[FIELDS], *at = read_list("/etc/passwd");
  unsigned uid, gid;
  while (next_line(&at, fields)) {
    if (!is_number(fields[NUMBER], &uid) || !is_number(fields[GID], &gid)) continue;
    if (name ? strcmp(fields[NAME], name) != 0 : uid != account->uid) continue;
    if (strlen(fields[NAME]) >= MAX_NAME) continue;
    strcpy(found, fields[NAME]);
    account->uid = uid;
    account->gid = gid;
    return true;
  }
  return false;
}

static void find_group(const char *name, struct account *account) {
  char *fields[FIELDS], *at = read_list("/etc/group");
  unsigned gid;
  while (next_line(&at, fields)) {
    if (strcmp(fields[NAME], name) != 0 || !is_number(fields[NUMBER], &gid)) continue;
    account->gid = gid;
    return;
  }
  if (!is_number(name, &gid)) fail_because("group", name, "No such group in the image");
  account->gid = gid;
}

static bool has_member(const char *members, const char *name) {
  for (size_t length; *members; members += length + (members[length] == ',')) {
    length = strcspn(members, ",");
    if (strlen(name) == length && memcmp(members, name, length) == 0) return true;
  }
  return false;
}

static void add_groups(const char *user, struct account *account) {
  char *fields[FIELDS], *at = read_list("/etc/group");
  unsigned gid;
  while (account->group_count < MAX_GROUPS && next_line(&at, fields)) {
    if (has_member(fields[MEMBERS], user) && is_number(fields[NUMBER], &gid)) account->groups[account->group_count++] = gid;
  }
}

void find_account(const char *wanted, struct account *account) {
  char name[MAX_NAME], found[MAX_NAME];
  size_t length = strcspn(wanted, ":");
  const char *group = wanted[length] ? wanted + length + 1 : "";
  if (length >= sizeof name) fail_because("user", wanted, "The name is too long");
  memcpy(name, wanted, length);
  name[length] = 0;
  *account = (struct account){0};
  bool known = find_user(name, account, found);
  if (!known) {
    unsigned uid;
    if (!is_number(name, &uid)) fail_because("user", name, "No such user in the image");
    account->uid = uid;
    known = find_user(NULL, account, found);
  }
  // As docker: who names a group has no others.
  if (*group) find_group(group, account);
  else if (known) add_groups(found, account);
}
