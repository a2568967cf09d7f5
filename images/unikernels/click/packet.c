#include "packet.h"

#include <string.h>

enum { ECHO_REPLY = 0, ECHO_REQUEST = 8 };

uint16_t get16(const uint8_t *at) { return (uint16_t)(at[0] << 8 | at[1]); }

void put16(uint8_t *at, uint16_t number) {
  at[0] = (uint8_t)(number >> 8);
  at[1] = (uint8_t)number;
}

uint32_t get_address(const uint8_t *at) {
  uint32_t address;
  memcpy(&address, at, 4);
  return address;
}

void put_address(uint8_t *at, uint32_t address) { memcpy(at, &address, 4); }

uint16_t packet_checksum(const uint8_t *bytes, size_t length) {
  uint32_t sum = 0;
  for (size_t i = 0; i + 1 < length; i += 2) sum += get16(bytes + i);
  if (length & 1) sum += (uint32_t)bytes[length - 1] << 8;
  while (sum >> 16) sum = (sum & 0xffff) + (sum >> 16);
  return (uint16_t)~sum;
}

static bool read_ports(struct packet *p, size_t length) {
  uint8_t *at = p->frame + p->payload;
  struct tuple *t = &p->tuple;
  if (t->protocol == PROTOCOL_TCP ? length < 20 : length < 8) return false;
  if (t->protocol == PROTOCOL_ICMP) {
    if (at[0] != ECHO_REQUEST && at[0] != ECHO_REPLY) return false;
    t->source_port = t->destination_port = get16(at + 4);
    return true;
  }
  t->source_port = get16(at);
  t->destination_port = get16(at + 2);
  return t->protocol == PROTOCOL_TCP || t->protocol == PROTOCOL_UDP;
}

bool packet_read(struct packet *p, uint8_t *frame, size_t length, int in) {
  *p = (struct packet){.frame = frame, .length = length, .in = in, .out = ANY_PORT};
  if (length < HEADER_SIZE) return false;
  p->type = get16(frame + 12);
  if (p->type != ETHER_IP4) return true;
  const uint8_t *header = frame + HEADER_SIZE;
  if (length < HEADER_SIZE + 20 || header[0] >> 4 != 4) return false;
  size_t header_length = (header[0] & 15u) * 4, total = get16(header + 2);
  if (header_length < 20 || total < header_length || HEADER_SIZE + total > length) return false;
  if (packet_checksum(header, header_length) != 0) return false;
  p->ip = true;
  p->payload = HEADER_SIZE + header_length;
  p->tuple = (struct tuple){.source = get_address(header + 12), .destination = get_address(header + 16), .protocol = header[9]};
  /* Of a packet in pieces only the first has ports; none of them belongs to a flow. */
  bool fragment = get16(header + 6) & 0x3fff;
  p->has_ports = !fragment && read_ports(p, total - header_length);
  return true;
}

/* Replaces a word in something that has a checksum. */
static void replace(uint8_t *checksum, uint8_t *word, uint16_t with) {
  uint32_t sum = (uint16_t)~get16(checksum) + (uint32_t)(uint16_t)~get16(word) + with;
  while (sum >> 16) sum = (sum & 0xffff) + (sum >> 16);
  put16(checksum, (uint16_t)~sum);
  put16(word, with);
}

static void replace_address(uint8_t *header, uint8_t *at, uint32_t address, uint8_t *payload_checksum) {
  uint8_t bytes[4];
  put_address(bytes, address);
  for (int i = 0; i < 4; i += 2) {
    uint16_t old = get16(at + i);
    /* TCP and UDP count the addresses, too: the same change, without writing twice. */
    if (payload_checksum) {
      uint8_t word[2] = {(uint8_t)(old >> 8), (uint8_t)old};
      replace(payload_checksum, word, get16(bytes + i));
    }
    replace(header + 10, at + i, get16(bytes + i));
  }
}

void packet_translate(struct packet *p, const struct tuple *to) {
  uint8_t *header = p->frame + HEADER_SIZE, *at = p->frame + p->payload;
  uint8_t *checksum = p->tuple.protocol == PROTOCOL_TCP ? at + 16 : p->tuple.protocol == PROTOCOL_UDP ? at + 6 : NULL;
  /* UDP may go without. */
  bool without = p->tuple.protocol == PROTOCOL_UDP && get16(checksum) == 0;
  uint8_t *counted = without ? NULL : checksum;
  replace_address(header, header + 12, to->source, counted);
  replace_address(header, header + 16, to->destination, counted);
  if (p->tuple.protocol == PROTOCOL_ICMP) {
    replace(at + 2, at + 4, to->source_port);
  } else if (without) {
    put16(at, to->source_port);
    put16(at + 2, to->destination_port);
  } else {
    replace(checksum, at, to->source_port);
    replace(checksum, at + 2, to->destination_port);
    if (p->tuple.protocol == PROTOCOL_UDP && get16(checksum) == 0) put16(checksum, 0xffff);
  }
  p->tuple = *to;
}
