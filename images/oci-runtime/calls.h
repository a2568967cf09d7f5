// The calls of `serve`: docs/RUNTIME.md.
#ifndef STRATA_OCI_CALLS_H
#define STRATA_OCI_CALLS_H

#include "state.h"

struct call {
  struct arena *arena;
  const struct json *request;
  // Members of the result are added here.
  struct text *result;
};

// 0, or -1 and an error.
int call_dispatch(const char *name, struct call *call);

int call_stats(struct call *call);
int call_top(struct call *call);
int call_inspect(struct call *call);

// Of a request.
const char *call_text(struct call *call, const char *key);
// The state of `container`, which has to run.
int call_running(struct call *call, struct state *state);

#endif
