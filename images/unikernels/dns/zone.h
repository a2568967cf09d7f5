/* A zone read from a master file (RFC 1035, 5). No part of the library OS in it. */
#ifndef DNS_ZONE_H
#define DNS_ZONE_H

#include "name.h"

#define ZONE_RECORD_LIMIT 4096

enum { TYPE_A = 1, TYPE_NS = 2, TYPE_CNAME = 5, TYPE_SOA = 6, TYPE_PTR = 12, TYPE_MX = 15, TYPE_TXT = 16, TYPE_OPT = 41,
       TYPE_AXFR = 252, TYPE_ANY = 255 };

struct zone_record {
  uint8_t *name;
  uint16_t type;
  uint32_t ttl;
  uint8_t *data;
  uint16_t length;
};

struct zone {
  /* Sorted by name (name_compare), then by type. */
  struct zone_record *records;
  size_t count;
  const struct zone_record *soa;
};

struct zone_problem {
  uint32_t line;
  const char *what;
};

/*
 * Reads a zone: SOA, NS, A, CNAME, PTR, TXT, MX; $ORIGIN and $TTL; parentheses, quotes, comments. Its name is that of
 * its SOA record. `origin` is what relative names are relative to before the first $ORIGIN.
 */
bool zone_parse(struct zone *zone, struct text text, const uint8_t *origin, struct zone_problem *problem);
void zone_free(struct zone *zone);

/* The records of a name: the first one and how many; 0 when there are none. */
size_t zone_find(const struct zone *zone, const uint8_t *name, const struct zone_record **first);
/* Whether there is something below a name. */
bool zone_has_below(const struct zone *zone, const uint8_t *name);
/* The SOA's last field: how long a denial counts. */
uint32_t zone_minimum(const struct zone *zone);

#endif
