// `process` of config.json, for a container's first process and for those that join it.
#ifndef STRATA_OCI_PROCESS_H
#define STRATA_OCI_PROCESS_H

#include <sys/resource.h>

#include "capabilities.h"
#include "json.h"
#include "seccomp.h"
#include "user.h"

#define MAX_RLIMITS 16

struct process {
  const char *const *arguments;
  const char **environment;
  const char *cwd;
  bool terminal;
  // 0: as the launcher's terminal.
  unsigned short columns, rows;
  bool no_new_privileges;
  struct user user;
  struct capabilities capabilities;
  struct {
    int kind;
    struct rlimit limit;
  } rlimits[MAX_RLIMITS];
  size_t rlimit_count;
  // Text for /proc/PID/oom_score_adj; NULL: as it is.
  const char *oom_score;
  struct seccomp seccomp;
};

int process_parse(struct arena *arena, const struct json *object, struct process *process);

// Leaves the session's keys, which are the host's, for new ones.
int process_leave_keyring(void);

// The three steps of a process that is in its container: what needs its files and all rights; then who it is; then
// the program, which does not return unless it fails.
int process_prepare(struct process *process, struct arena *arena);
int process_become(const struct process *process);
// Where the program is, as execvp finds it; NULL and an error with docker's words.
const char *process_find(const struct process *process, struct arena *arena);
int process_execute(const struct process *process, const char *path);

#endif
