// `exec`: a program that joins a running container.
#ifndef STRATA_OCI_EXEC_H
#define STRATA_OCI_EXEC_H

#include <stdbool.h>

#define MAX_EXEC_ENV 256

struct exec_options {
  const char *id, *process_file, *json, *cwd, *user, *name;
  bool terminal;
  // Ended by NULL.
  const char *environment[MAX_EXEC_ENV + 1];
  char **arguments;
};

// An exit code.
int exec_run(const struct exec_options *options);

#endif
