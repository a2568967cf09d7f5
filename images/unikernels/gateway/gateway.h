/*
 * The gateway's TCP/IP stack as its host sees it: src/network/gateway/lwip-stack.ts calls these exports between the
 * module's turns. Nothing is called back: what has happened is noted and asked for after each turn, so that neither
 * side is ever called from within a call of its own. Numbers that are negative are lwIP's errors (lwip/err.h);
 * addresses are in network order.
 */
#ifndef GATEWAY_H
#define GATEWAY_H

#include "../libos/libos.h"

/* What the host gives and takes goes through one buffer. */
#define BUFFER_SIZE 65536
extern uint8_t buffer[BUFFER_SIZE];

/* What has happened to a connection. */
#define NEWS_ACCEPTED 1u
#define NEWS_CONNECTED 2u
#define NEWS_READABLE 4u
/* More can be sent than before. */
#define NEWS_WRITABLE 8u
/* The other side sends no more. */
#define NEWS_ENDED 16u
/* lwIP has dropped it; `error` says why. What came before can be read until gateway_close. */
#define NEWS_CLOSED 32u

/* Filled in by gateway_next and gateway_udp_read. */
struct news {
  /* Of the connection, or of the UDP socket. */
  uint32_t id;
  uint32_t flags;
  int32_t error;
  /* The port that a connection was accepted at. */
  uint32_t local_port;
  /* Of the other side. */
  uint32_t address, port;
  /* The address of ours that a datagram was sent to, or that a connection was accepted at. */
  uint32_t destination;
};
extern struct news news;

/* 169.254.169.254, where clouds tell machines about themselves. */
#define METADATA_ADDRESS 0xfea9fea9u

/* The device's own netif, and beside it one for the metadata address on the same wire. */
void metadata_start(struct netif *main);

#endif
