/* The pipeline: a few lines of configuration. docs/UNIKERNELS.md tells how they read. */
#ifndef CLICK_RULES_H
#define CLICK_RULES_H

#include "packet.h"

#define RULE_LIMIT 128
#define ROUTE_LIMIT 32
#define PORT_LIMIT 8

enum action { ACTION_ACCEPT, ACTION_DROP, ACTION_COUNT, ACTION_LIMIT, ACTION_MIRROR, ACTION_REWRITE, ACTION_MASQUERADE };

struct rule {
  enum action action;
  /* Of the packet: ANY_PORT, a type or protocol of 0, a mask of 0 and a port of 0 match all. */
  int in, out;
  uint16_t type;
  uint8_t protocol;
  uint32_t from, from_mask, to, to_mask;
  uint16_t from_port, to_port;
  /* A counter's name; packets in a second; where a copy goes; what is put in place of the destination. */
  char name[24];
  uint32_t limit;
  int mirror;
  uint32_t address;
  uint16_t port;
  uint64_t packets, bytes;
  /* Of a limit: what may pass now, in billionths of a packet, and when that was reckoned. */
  uint64_t allowance, reckoned;
};

struct route {
  uint32_t network, mask, via;
};

struct pipeline {
  bool routes_packets;
  bool drops_by_default;
  struct rule rules[RULE_LIMIT];
  size_t rule_count;
  struct route routes[ROUTE_LIMIT];
  size_t route_count;
};

struct pipeline_problem {
  uint32_t line;
  const char *what;
};

bool pipeline_parse(struct pipeline *pipeline, struct text text, const char *const *ports, size_t port_count,
                    struct pipeline_problem *problem);

enum verdict { VERDICT_ACCEPT, VERDICT_DROP };

/*
 * Walks through the rules. Of a packet of a flow that was let through only what counts, limits and mirrors is done, for
 * the others decide about the first. `masquerade` is set when a rule wants it.
 */
enum verdict pipeline_walk(struct pipeline *pipeline, const struct packet *packet, bool known, uint64_t now,
                           bool *masquerade);
/* The rule that gives the first packet of a flow another destination, or NULL. */
const struct rule *pipeline_rewrite(const struct pipeline *pipeline, const struct packet *packet);

/* Given by whoever has the ports. */
void port_send(int port, const uint8_t *frame, size_t length);

#endif
