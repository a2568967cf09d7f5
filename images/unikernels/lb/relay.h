/* Connections of clients, each passed on to a backend. */
#ifndef LB_RELAY_H
#define LB_RELAY_H

#include "pool.h"

struct relay_counters {
  uint32_t active;
  uint64_t accepted;
  /* There was no backend to pass them on to. */
  uint64_t refused;
  /* Given to another backend because the first one did not answer. */
  uint64_t retried;
  /* Reset because their backend failed, or nothing came for five minutes (30 s once one side has ended). */
  uint64_t reset;
};
extern struct relay_counters relay_counters;

void relay_listen(uint16_t port);
/* Resets the connections to a backend. */
void relay_reset(struct backend *backend);

#endif
