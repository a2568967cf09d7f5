#include <string.h>

#include "flow.h"
#include "forward.h"

#define SECOND 1000000000u
#define STATIONS 1024
#define STATION_AGE (300ull * SECOND)

/* Where a station was last heard. Two whose hashes meet have one place, and are flooded in turn. */
struct station {
  uint8_t mac[6];
  int port;
  uint64_t heard;
};
static struct station stations[STATIONS];

static struct station *station_of(const uint8_t *mac) {
  uint32_t hash = (get_address(mac + 2) ^ get16(mac)) * 0x9e3779b1u;
  return &stations[hash >> 22];
}

static void learn(const uint8_t *mac, int port, uint64_t now) {
  if (mac[0] & 1) return;
  struct station *station = station_of(mac);
  memcpy(station->mac, mac, 6);
  station->port = port;
  station->heard = now;
}

static int find(const uint8_t *mac, uint64_t now) {
  const struct station *station = station_of(mac);
  bool known = station->heard && memcmp(station->mac, mac, 6) == 0 && now - station->heard < STATION_AGE;
  return known ? station->port : ANY_PORT;
}

/* Rules decide about the first packet of a flow, and about each packet of what is none. */
static bool passes(struct packet *packet, uint64_t now) {
  bool back, masquerade;
  struct flow *flow = packet->has_ports ? flow_find(&packet->tuple, now, &back) : NULL;
  if (pipeline_walk(&forwarder.pipeline, packet, flow != NULL, now, &masquerade) == VERDICT_DROP) return false;
  if (flow || !packet->has_ports) return true;
  struct tuple reply = tuple_reversed(&packet->tuple);
  /* When there is no more room, answers have to be let through by rules of their own. */
  flow_add(&packet->tuple, &reply, now);
  return true;
}

void bridge_forward(struct packet *packet, uint64_t now) {
  learn(packet->frame + 6, packet->in, now);
  packet->out = find(packet->frame, now);
  if (packet->out == packet->in) return;
  if (!passes(packet, now)) {
    forwarder.dropped++;
    return;
  }
  forwarder.forwarded++;
  for (int port = 0; port < (int)forwarder.port_count; port++) {
    if (port == packet->in || (packet->out != ANY_PORT && packet->out != port)) continue;
    port_send(port, packet->frame, packet->length);
  }
}
