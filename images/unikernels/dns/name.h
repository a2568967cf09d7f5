/* Domain names as they are on the wire (RFC 1035, 3.1): labels with their lengths, ended by an empty one. */
#ifndef DNS_NAME_H
#define DNS_NAME_H

#include "../libos/format.h"

#define NAME_LIMIT 255

/* Bytes of a name, with its end. */
size_t name_length(const uint8_t *name);
bool name_equal(const uint8_t *a, const uint8_t *b);
/* An order in which a name's descendants follow it, without regard to case: labels from the right (RFC 4034, 6.1). */
int name_compare(const uint8_t *a, const uint8_t *b);
/* Whether `name` is `ancestor` or below it. */
bool name_is_below(const uint8_t *name, const uint8_t *ancestor);
/* The name without its first label; the root has no parent. */
const uint8_t *name_parent(const uint8_t *name);

/*
 * Parses "www", "www.example.org." or "@", relative to an origin. A backslash goes before a character that is meant as
 * it is, or before three decimal digits. False when it is malformed or too long.
 */
bool name_parse(struct text text, const uint8_t *origin, uint8_t name[NAME_LIMIT]);

#endif
