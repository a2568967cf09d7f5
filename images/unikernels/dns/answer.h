/* Answers of an authoritative server (RFC 1034, 4.3.2; RFC 2308, 4592, 6891). No part of the library OS in it. */
#ifndef DNS_ANSWER_H
#define DNS_ANSWER_H

#include "zone.h"

/* What a datagram has at most whatever the other side allows: with more, it would be cut up on its way (RFC 9715). */
#define ANSWER_DATAGRAM_LIMIT 1232
#define ANSWER_LIMIT 16384

/*
 * Answers a message, and returns how long the answer is; 0 when it is not to be answered. `room` is that of `answer`;
 * by datagram, what the other side takes counts too, and what does not fit is left out and said to be.
 */
size_t dns_answer(const struct zone *zone, struct text query, bool datagram, uint8_t *answer, size_t room);

#endif
