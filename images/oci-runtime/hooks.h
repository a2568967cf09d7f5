// Hooks of config.json: programs that get the container's state on stdin (runtime-spec, config.md, "POSIX-platform Hooks").
#ifndef STRATA_OCI_HOOKS_H
#define STRATA_OCI_HOOKS_H

#include "state.h"

// Runs those of one kind in turn; the first that fails ends it.
int hooks_run(const struct json *config, const char *kind, const struct state *state, const char *status);
// The same for what is started or gone already: each that fails is a warning on stderr, and the others are run.
void hooks_run_all(const struct json *config, const char *kind, const struct state *state, const char *status);

#endif
