// `run` and `create`: the launcher of a container.
#ifndef STRATA_OCI_LAUNCH_H
#define STRATA_OCI_LAUNCH_H

#include <stdbool.h>

struct launch_options {
  const char *id, *bundle, *pid_file, *console_socket;
  // Leave the state and the cgroup to `delete`.
  bool keep;
};

// Exit codes.
int launch_run(const struct launch_options *options);
int launch_create(const struct launch_options *options);
int launch_start(const char *id);

// Keeps whoever runs this program in a container from writing to it (CVE-2019-5736): it has to be on a read-only
// mount, which the first run makes over it before it begins anew.
int protect_program(char **arguments);

#endif
