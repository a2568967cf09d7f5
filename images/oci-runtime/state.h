// What is known of each container, in a directory of its own below the state root: state.json, which is written by the
// container's launcher, and seccomp.bpf, which programs that join it need.
#ifndef STRATA_OCI_STATE_H
#define STRATA_OCI_STATE_H

#include "json.h"
#include "network.h"

// /run/strata-oci unless --root says otherwise.
extern const char *state_root;

enum status { CREATED, RUNNING, PAUSED, STOPPED };

struct state {
  const char *id, *bundle, *cgroup, *rootfs, *oci_version;
  int pid, launcher;
  // Of the process, in ticks since boot: a pid may be given to another one.
  uint64_t pid_started;
  // Milliseconds since the epoch; 0: not yet.
  int64_t created, started;
  const struct json *annotations;
  struct network network;
};

int64_t now_milliseconds(void);

// A path below the container's directory, or the directory itself for an empty name.
int state_path(char *buffer, size_t size, const char *id, const char *name);
// Takes the id; AlreadyExists when somebody has it.
int state_reserve(const char *id);
int state_write(const struct state *state);
// NotFound, with docker's words.
int state_read(struct arena *arena, const char *id, struct state *state);
void state_remove(const char *id);
enum status state_status(const struct state *state);
// The object that docs/RUNTIME.md describes.
void state_print(struct text *out, const struct state *state);
// Calls `each` for every id there is.
int state_list(void (*each)(const char *id, void *context), void *context);
// When a process began, in ticks since boot; 0: there is none, or it is dead and not buried.
uint64_t process_started(int pid);

#endif
