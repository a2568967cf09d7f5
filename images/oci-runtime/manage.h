// What is done to containers that are there, for the command line and for `serve`. 0, or -1 and an error.
#ifndef STRATA_OCI_MANAGE_H
#define STRATA_OCI_MANAGE_H

#include "state.h"

// A signal by its number or name, with or without SIG; -1 and an error when there is none.
int signal_number(const char *name);
int manage_kill(const char *id, int signal, bool all);
int manage_freeze(const char *id, bool frozen);
int manage_delete(const char *id, bool force);
int manage_update(const char *id, const struct json *resources);
// Fails unless it runs (or, with `paused`, is frozen).
int manage_running(struct arena *arena, const char *id, struct state *state, bool paused);

#endif
