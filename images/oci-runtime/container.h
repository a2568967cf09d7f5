// A container on its way: what its launcher has read and taken for it, and the way of its first process.
#ifndef STRATA_OCI_CONTAINER_H
#define STRATA_OCI_CONTAINER_H

#include "json.h"
#include "mounts.h"
#include "namespaces.h"
#include "process.h"
#include "state.h"

struct container {
  struct arena arena;
  const struct json *config;
  struct state state;
  struct process process;
  struct namespaces namespaces;
  struct mounts mounts;
  // Descriptors of the launcher's; -1: not there. `program` is this very program, for org.strata.init; `gate` is
  // where a created container waits for its start.
  int root_tree, cgroup, program, gate;
  // The child's end towards its launcher.
  int sync;
  // Where the root is attached in the container's mount namespace before it is entered.
  const char *place;
};

// Reads config.json of the bundle. What it takes of the host comes later, by `container_take`.
int container_load(struct container *c, const char *bundle, const char *id);
// Makes the cgroup and takes root and mounts.
int container_take(struct container *c);
// Closes what was taken of the host, in the launcher once there is a child, in the child once it has its root.
void container_release(struct container *c);
// The child: does not return.
_Noreturn void container_begin(struct container *c);

#endif
