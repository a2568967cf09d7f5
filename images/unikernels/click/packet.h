/* A frame, and what is in it. */
#ifndef CLICK_PACKET_H
#define CLICK_PACKET_H

#include "../libos/format.h"

#define FRAME_LIMIT 1514
#define HEADER_SIZE 14
#define ANY_PORT (-1)

enum { ETHER_IP4 = 0x0800, ETHER_ARP = 0x0806 };
enum { PROTOCOL_ICMP = 1, PROTOCOL_TCP = 6, PROTOCOL_UDP = 17 };

/* Who talks to whom. Addresses are in network order; the ports of a ping are its identifier. */
struct tuple {
  uint32_t source, destination;
  uint16_t source_port, destination_port;
  uint8_t protocol;
};

struct packet {
  uint8_t *frame;
  size_t length;
  /* Ports of ours; out is ANY_PORT where it is not known or several. */
  int in, out;
  uint16_t type;
  /* Set for IPv4 that is whole and well-formed: where its payload begins, and who talks. */
  bool ip;
  size_t payload;
  struct tuple tuple;
  /* It has ports (or a ping's identifier), so that it belongs to a flow. */
  bool has_ports;
};

/* Looks at a frame that came in. False when it is too short to be one, or an IPv4 packet that is malformed. */
bool packet_read(struct packet *packet, uint8_t *frame, size_t length, int in);
/* Changes who talks to whom, in the frame as well, with its checksums (RFC 1624). */
void packet_translate(struct packet *packet, const struct tuple *to);

uint16_t get16(const uint8_t *at);
void put16(uint8_t *at, uint16_t number);
uint32_t get_address(const uint8_t *at);
void put_address(uint8_t *at, uint32_t address);
uint16_t packet_checksum(const uint8_t *bytes, size_t length);

#endif
