/* Frames from port to port, as a bridge or as a router. */
#ifndef CLICK_FORWARD_H
#define CLICK_FORWARD_H

#include "rules.h"

struct port {
  const char *name;
  uint8_t mac[6];
  /* Of a router. 0 when it has none. */
  uint32_t address, mask;
};

struct forwarder {
  struct pipeline pipeline;
  struct port ports[PORT_LIMIT];
  size_t port_count;
  /* Where everything else goes; 0 for nowhere. */
  uint32_t gateway;
  uint64_t forwarded, dropped, malformed;
};

extern struct forwarder forwarder;

/* Takes a frame that came in at a port; it may be changed. `now` is the monotonic clock. */
void forward(int port, uint8_t *frame, size_t length, uint64_t now);

/* bridge.c, router.c */
void bridge_forward(struct packet *packet, uint64_t now);
void router_forward(struct packet *packet, uint64_t now);

#endif
