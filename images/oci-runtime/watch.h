// The containers that `serve` has an eye on: their ends when no launcher tells of them, and processes killed for memory.
#ifndef STRATA_OCI_WATCH_H
#define STRATA_OCI_WATCH_H

#include <poll.h>

#include "state.h"

#define MAX_WATCHED 256
#define MAX_WATCH_FDS (2 * MAX_WATCHED + 1)

int watch_open(void);
// `is_news`: it was told to have started just now, so its end is told, though it may have come already.
void watch_add(const char *id, bool is_news);
// A launcher has told of the end; `oom_killed` as it said.
void watch_remove(const char *id, bool oom_killed);
// Descriptors to wait for: how many.
size_t watch_fds(struct pollfd fds[MAX_WATCH_FDS]);
// Looks at all that may have changed, after launchers were heard.
void watch_check(void);

#endif
