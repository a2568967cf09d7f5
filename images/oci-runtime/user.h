// Who a program runs as.
#ifndef STRATA_OCI_USER_H
#define STRATA_OCI_USER_H

#include <sys/types.h>

#include "json.h"

#define MAX_GROUPS 256

struct user {
  uint32_t uid, gid;
  uint32_t groups[MAX_GROUPS];
  size_t group_count;
  // -1: 022, as everywhere.
  int umask;
  // Taken from the container's own files when not NULL: NAME or UID, and after a colon a group likewise.
  const char *name;
};

int user_parse(const struct json *object, struct user *user);
// In the container's root: looks `name` up in /etc/passwd and /etc/group, and finds the home of whoever it is.
int user_resolve(struct user *user, char *home, size_t size);
// Becomes it, keeping the capabilities that are permitted until they are set.
int user_become(const struct user *user);

#endif
