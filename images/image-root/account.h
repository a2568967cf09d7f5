// Whom an image's command runs as.
#pragma once

#include <stddef.h>
#include <sys/types.h>

#define MAX_GROUPS 64

struct account {
  uid_t uid;
  gid_t gid;
  // Those that list the user, when the wish names no group.
  gid_t groups[MAX_GROUPS];
  size_t group_count;
};

// "user", "uid", "user:group" or "uid:gid", by the image's own lists; what is in none is a number. Ends the program when it is none either.
void find_account(const char *wanted, struct account *account);
