// The interfaces of a container: the annotation org.strata.network (docs/RUNTIME.md).
#ifndef STRATA_OCI_NETWORK_H
#define STRATA_OCI_NETWORK_H

#include <net/if.h>

#include "json.h"

#define MAX_INTERFACES 16

struct interface {
  char name[IFNAMSIZ], host[IFNAMSIZ], bridge[IFNAMSIZ];
  bool has_mac;
  uint8_t mac[6];
  uint32_t mtu;
  const struct json *addresses, *routes;
};

struct network {
  struct interface interfaces[MAX_INTERFACES];
  size_t count;
};

// `id` makes names of the ends outside, where none are given.
int network_parse(struct arena *arena, const struct json *config, const char *id, struct network *network);
// On the host: makes the pairs, their other ends in the network namespace of `pid`.
int network_create(const struct network *network, int pid);
// On the host: removes what is still there of them.
void network_remove(const struct network *network);
// Inside: lo, addresses, routes.
int network_configure(const struct network *network);
// An array of { name, host, bridge }.
void network_write(struct text *out, const struct network *network);

#endif
