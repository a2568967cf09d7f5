// What launchers tell `serve`, as it shall pass it on to the engine: one JSON object for each event.
#ifndef STRATA_OCI_REPORT_H
#define STRATA_OCI_REPORT_H

#include "state.h"

// None of them fails: nobody may be there to hear it.
void report_started(const struct state *state);
// Tells the last error; `exec` is the name of a program that should have joined the container, or NULL. False when
// nobody heard it.
void report_failed(const char *id, const char *exec);
// A program that joined the container under the name `exec` has begun.
void report_executed(const char *id, const char *exec, int pid);
void report_exited(const char *id, int code, int signal, bool oom_killed);

// The socket's name below the state root.
#define REPORT_SOCKET "serve.sock"

#endif
