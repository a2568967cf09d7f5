/* Flows that were let through: who talks to whom, before and after translation. */
#ifndef CLICK_FLOW_H
#define CLICK_FLOW_H

#include "packet.h"

#define FLOW_LIMIT 4096

struct flow {
  bool used;
  /* As its first packet came in, and as the answers to it do. */
  struct tuple original, reply;
  uint64_t last;
};

struct tuple tuple_reversed(const struct tuple *tuple);
/* The flow of a packet as it came in; `*back` is whether it is an answer. NULL when it is of none. */
struct flow *flow_find(const struct tuple *tuple, uint64_t now, bool *back);
/* A new one; NULL when there is no room, or answers could not be told apart. */
struct flow *flow_add(const struct tuple *original, const struct tuple *reply, uint64_t now);
/* Who talks to whom after it has been translated. */
struct tuple flow_translated(const struct flow *flow, bool back);
/* Whether answers of that kind belong to a flow already. */
bool flow_expects(const struct tuple *reply, uint64_t now);

#endif
