// `linux.seccomp` of config.json as a classic BPF program (man 2 seccomp).
#ifndef STRATA_OCI_SECCOMP_H
#define STRATA_OCI_SECCOMP_H

#include <linux/filter.h>

#include "json.h"

struct seccomp {
  struct sock_filter *program;
  unsigned short length;
  // SECCOMP_FILTER_FLAG_*.
  unsigned flags;
};

// Names that this kernel's headers do not know are left out, as other runtimes do. A length of 0: nothing is filtered.
int seccomp_compile(struct arena *arena, const struct json *profile, struct seccomp *result);
// A program that was compiled before, from a file.
int seccomp_read(struct arena *arena, const char *path, struct seccomp *result);
int seccomp_apply(const struct seccomp *seccomp);

#endif
