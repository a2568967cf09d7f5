#include <string.h>

#include "flow.h"
#include "forward.h"

#define SECOND 1000000000u
#define NEIGHBOURS 256
#define NEIGHBOUR_AGE (60ull * SECOND)
/* Between two questions for the same address. */
#define ASK_AGAIN SECOND
#define ARP_SIZE (HEADER_SIZE + 28)

enum { ECHO_REPLY = 0, UNREACHABLE = 3, ECHO_REQUEST = 8, TIME_EXCEEDED = 11 };

/* Who has an address, or was asked for. One packet waits for the answer. */
struct neighbour {
  uint32_t address;
  int port;
  uint8_t mac[6];
  bool known;
  uint64_t heard, asked;
  size_t waiting_length;
  uint8_t waiting[FRAME_LIMIT];
};
static struct neighbour neighbours[NEIGHBOURS];

static const uint8_t everybody[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

/* --- neighbours ---------------------------------------------------------------------------------------- */

static struct neighbour *neighbour_of(uint32_t address) {
  uint32_t hash = address * 0x9e3779b1u;
  return &neighbours[hash >> 24];
}

static void write_header(uint8_t *frame, const uint8_t *to, int port, uint16_t type) {
  memcpy(frame, to, 6);
  memcpy(frame + 6, forwarder.ports[port].mac, 6);
  put16(frame + 12, type);
}

static void send_arp(int port, uint16_t operation, const uint8_t *to, uint32_t address) {
  uint8_t frame[ARP_SIZE] = {0};
  write_header(frame, to, port, ETHER_ARP);
  static const uint8_t kind[6] = {0, 1, 8, 0, 6, 4};
  uint8_t *arp = frame + HEADER_SIZE;
  memcpy(arp, kind, sizeof kind);
  put16(arp + 6, operation);
  memcpy(arp + 8, forwarder.ports[port].mac, 6);
  put_address(arp + 14, forwarder.ports[port].address);
  if (operation == 2) memcpy(arp + 18, to, 6);
  put_address(arp + 24, address);
  port_send(port, frame, sizeof frame);
}

static void heard(uint32_t address, int port, const uint8_t *mac, uint64_t now) {
  struct neighbour *n = neighbour_of(address);
  if (n->address != address) return;
  memcpy(n->mac, mac, 6);
  n->port = port;
  n->known = true;
  n->heard = now;
  if (n->waiting_length == 0) return;
  write_header(n->waiting, n->mac, port, ETHER_IP4);
  port_send(port, n->waiting, n->waiting_length);
  n->waiting_length = 0;
}

static void receive_arp(struct packet *p, uint64_t now) {
  const uint8_t *arp = p->frame + HEADER_SIZE;
  if (p->length < ARP_SIZE || get16(arp + 2) != ETHER_IP4) return;
  uint32_t sender = get_address(arp + 14);
  if (sender) heard(sender, p->in, arp + 8, now);
  if (get16(arp + 6) == 1 && forwarder.ports[p->in].address && get_address(arp + 24) == forwarder.ports[p->in].address) {
    send_arp(p->in, 2, arp + 8, sender);
  }
}

/* Sends a packet to a neighbour, or keeps it until it is known who that is. */
static void send_to(int port, uint32_t address, uint8_t *frame, size_t length, uint64_t now) {
  struct neighbour *n = neighbour_of(address);
  if (n->address != address || n->port != port || (n->known && now - n->heard > NEIGHBOUR_AGE)) {
    *n = (struct neighbour){.address = address, .port = port};
  }
  if (n->known) {
    write_header(frame, n->mac, port, ETHER_IP4);
    port_send(port, frame, length);
    return;
  }
  memcpy(n->waiting, frame, length);
  n->waiting_length = length;
  if (n->asked && now - n->asked < ASK_AGAIN) return;
  n->asked = now;
  send_arp(port, 1, everybody, address);
}

/* --- routes -------------------------------------------------------------------------------------------- */

static int port_near(uint32_t address) {
  for (size_t i = 0; i < forwarder.port_count; i++) {
    const struct port *port = &forwarder.ports[i];
    if (port->address && ((address ^ port->address) & port->mask) == 0) return (int)i;
  }
  return ANY_PORT;
}

/* The port to send to an address by, and who it is to be given to. */
static int find_route(uint32_t address, uint32_t *next) {
  int port = port_near(address);
  *next = address;
  if (port != ANY_PORT) return port;
  uint32_t best = forwarder.gateway, best_mask = 0;
  for (size_t i = 0; i < forwarder.pipeline.route_count; i++) {
    const struct route *route = &forwarder.pipeline.routes[i];
    bool longer = !best || __builtin_bswap32(route->mask) > __builtin_bswap32(best_mask);
    if (((address ^ route->network) & route->mask) == 0 && longer) best = route->via, best_mask = route->mask;
  }
  *next = best;
  return best ? port_near(best) : ANY_PORT;
}

static bool is_ours(uint32_t address) {
  for (size_t i = 0; i < forwarder.port_count; i++) {
    if (forwarder.ports[i].address && forwarder.ports[i].address == address) return true;
  }
  return false;
}

/* --- ICMP ---------------------------------------------------------------------------------------------- */

static void send_ip(uint8_t *frame, size_t length, uint64_t now) {
  uint32_t next;
  uint8_t *header = frame + HEADER_SIZE;
  put16(header + 10, 0);
  put16(header + 10, packet_checksum(header, 20));
  int port = find_route(get_address(header + 16), &next);
  if (port != ANY_PORT) send_to(port, next, frame, length, now);
}

/* Tells the sender what became of its packet (RFC 792): with the header and the first 8 bytes of it. */
static void send_error(const struct packet *p, uint8_t type, uint8_t code, uint64_t now) {
  uint8_t frame[HEADER_SIZE + 20 + 8 + 60 + 8] = {0}, *header = frame + HEADER_SIZE, *icmp = header + 20;
  const uint8_t *first = p->frame + HEADER_SIZE;
  size_t quoted = p->payload - HEADER_SIZE + 8;
  bool error = p->tuple.protocol == PROTOCOL_ICMP && p->length > p->payload && p->frame[p->payload] != ECHO_REQUEST;
  if (error || !forwarder.ports[p->in].address || HEADER_SIZE + quoted > p->length) return;
  header[0] = 0x45;
  put16(header + 2, (uint16_t)(28 + quoted));
  header[8] = 64;
  header[9] = PROTOCOL_ICMP;
  put_address(header + 12, forwarder.ports[p->in].address);
  memcpy(header + 16, first + 12, 4);
  icmp[0] = type;
  icmp[1] = code;
  memcpy(icmp + 8, first, quoted);
  put16(icmp + 2, packet_checksum(icmp, 8 + quoted));
  send_ip(frame, HEADER_SIZE + 28 + quoted, now);
}

static void answer_ping(struct packet *p, uint64_t now) {
  uint8_t *header = p->frame + HEADER_SIZE, *icmp = p->frame + p->payload;
  if (p->tuple.protocol != PROTOCOL_ICMP || !p->has_ports || icmp[0] != ECHO_REQUEST || p->payload != HEADER_SIZE + 20) return;
  size_t length = HEADER_SIZE + get16(header + 2);
  icmp[0] = ECHO_REPLY;
  put16(icmp + 2, 0);
  put16(icmp + 2, packet_checksum(icmp, length - p->payload));
  put_address(header + 12, p->tuple.destination);
  put_address(header + 16, p->tuple.source);
  header[8] = 64;
  send_ip(p->frame, length, now);
}

/* --- packets ------------------------------------------------------------------------------------------- */

/* Who talks to whom when it leaves by a port that hides what is behind it: with the same port of the sender if it can. */
static bool hide(struct tuple *reply, int out, uint64_t now) {
  reply->destination = forwarder.ports[out].address;
  for (uint32_t i = 0; i < 512; i++) {
    if (!flow_expects(reply, now)) return true;
    uint16_t port = (uint16_t)(32768 + (reply->destination_port * 31u + i * 7919u + (uint32_t)(now >> 10)) % 28000);
    reply->destination_port = port;
    if (reply->protocol == PROTOCOL_ICMP) reply->source_port = port;
  }
  return false;
}

/* Lets the first packet of a flow through, or not. */
static struct flow *start_flow(struct packet *p, const struct tuple *original, uint64_t now) {
  bool masquerade;
  if (pipeline_walk(&forwarder.pipeline, p, false, now, &masquerade) == VERDICT_DROP) return NULL;
  struct tuple reply = tuple_reversed(&p->tuple);
  if (masquerade && !hide(&reply, p->out, now)) return NULL;
  return flow_add(original, &reply, now);
}

static void send_on(struct packet *p, uint32_t next, uint64_t now) {
  uint8_t *header = p->frame + HEADER_SIZE;
  header[8]--;
  put16(header + 10, 0);
  put16(header + 10, packet_checksum(header, p->payload - HEADER_SIZE));
  forwarder.forwarded++;
  send_to(p->out, next, p->frame, HEADER_SIZE + get16(header + 2), now);
}

static void drop(void) { forwarder.dropped++; }

/* The way out; false, and the sender is told, when there is none. */
static bool route_packet(struct packet *p, uint32_t *next, uint64_t now) {
  p->out = find_route(p->tuple.destination, next);
  if (p->frame[HEADER_SIZE + 8] <= 1) send_error(p, TIME_EXCEEDED, 0, now);
  else if (p->out == ANY_PORT) send_error(p, UNREACHABLE, 0, now);
  else return true;
  return false;
}

static void forward_known(struct packet *p, struct flow *flow, bool back, uint64_t now) {
  bool masquerade;
  uint32_t next;
  struct tuple to = flow_translated(flow, back);
  packet_translate(p, &to);
  if (is_ours(p->tuple.destination)) answer_ping(p, now);
  else if (!route_packet(p, &next, now) || pipeline_walk(&forwarder.pipeline, p, true, now, &masquerade) == VERDICT_DROP) drop();
  else send_on(p, next, now);
}

static void forward_new(struct packet *p, uint64_t now) {
  bool masquerade;
  uint32_t next;
  struct tuple original = p->tuple;
  const struct rule *rewrite = p->has_ports ? pipeline_rewrite(&forwarder.pipeline, p) : NULL;
  if (rewrite) {
    struct tuple to = original;
    to.destination = rewrite->address;
    if (rewrite->port && to.protocol != PROTOCOL_ICMP) to.destination_port = rewrite->port;
    packet_translate(p, &to);
  }
  if (is_ours(p->tuple.destination)) {
    answer_ping(p, now);
    return;
  }
  if (!route_packet(p, &next, now)) return drop();
  if (!p->has_ports) {
    if (pipeline_walk(&forwarder.pipeline, p, false, now, &masquerade) == VERDICT_DROP || masquerade) return drop();
    return send_on(p, next, now);
  }
  struct flow *flow = start_flow(p, &original, now);
  if (!flow) return drop();
  struct tuple to = flow_translated(flow, false);
  packet_translate(p, &to);
  send_on(p, next, now);
}

void router_forward(struct packet *p, uint64_t now) {
  bool back;
  if (p->type == ETHER_ARP) receive_arp(p, now);
  if (!p->ip || memcmp(p->frame, forwarder.ports[p->in].mac, 6) != 0) return;
  struct flow *flow = p->has_ports ? flow_find(&p->tuple, now, &back) : NULL;
  if (flow) forward_known(p, flow, back, now);
  else forward_new(p, now);
}
