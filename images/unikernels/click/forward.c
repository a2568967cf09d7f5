#include "forward.h"

struct forwarder forwarder;

void forward(int port, uint8_t *frame, size_t length, uint64_t now) {
  struct packet packet;
  if (!packet_read(&packet, frame, length, port)) {
    forwarder.malformed++;
    return;
  }
  if (forwarder.pipeline.routes_packets) router_forward(&packet, now);
  else bridge_forward(&packet, now);
}
