#include "answer.h"

#include <string.h>

#define HEADER_SIZE 12
#define OPT_SIZE 11
#define CLASS_IN 1
#define CLASS_ANY 255
#define MAX_ALIASES 8
#define MAX_POINTERS 48

enum { NO_ERROR = 0, FORMAT_ERROR = 1, SERVER_FAILURE = 2, NAME_ERROR = 3, NOT_IMPLEMENTED = 4, REFUSED = 5, BAD_VERSION = 16 };
enum { FLAG_TRUNCATED = 0x0200, FLAG_AUTHORITATIVE = 0x0400 };
enum { ANSWER, AUTHORITY, ADDITIONAL };

struct question {
  uint8_t name[NAME_LIMIT];
  uint16_t type, class;
};

struct message {
  uint8_t *bytes;
  size_t length, limit;
  uint16_t flags, counts[3];
  /* Where names are that later ones can point to. */
  uint16_t pointers[MAX_POINTERS];
  size_t pointer_count;
  bool full;
};

/* --- reading ------------------------------------------------------------------------------------------ */

static uint16_t get16(const uint8_t *at) { return (uint16_t)(at[0] << 8 | at[1]); }

static void put16(uint8_t *at, uint16_t number) {
  at[0] = (uint8_t)(number >> 8);
  at[1] = (uint8_t)number;
}

/* The question's name; one that is compressed has nothing before it to point to. Returns its length, or 0. */
static size_t read_name(const uint8_t *at, size_t left, uint8_t name[NAME_LIMIT]) {
  size_t length = 0;
  while (length < left && length < NAME_LIMIT) {
    uint8_t label = at[length];
    if (label == 0) {
      memcpy(name, at, length + 1);
      return length + 1;
    }
    if (label > 63) return 0;
    length += label + 1u;
  }
  return 0;
}

/* What the message asks for, and where the question ends; 0 when it is malformed. */
static size_t read_question(struct text query, struct question *question) {
  const uint8_t *bytes = (const uint8_t *)query.bytes;
  size_t length = read_name(bytes + HEADER_SIZE, query.length - HEADER_SIZE, question->name);
  size_t end = HEADER_SIZE + length + 4;
  if (length == 0 || end > query.length) return 0;
  question->type = get16(bytes + end - 4);
  question->class = get16(bytes + end - 2);
  return end;
}

struct extension {
  bool there;
  uint16_t size;
  uint8_t version;
};

/* The OPT record, when it is the only thing after the question. Other records of a query mean nothing to us. */
static struct extension read_extension(struct text query, size_t at) {
  const uint8_t *bytes = (const uint8_t *)query.bytes;
  bool alone = get16(bytes + 6) == 0 && get16(bytes + 8) == 0 && get16(bytes + 10) == 1;
  if (!alone || query.length - at < OPT_SIZE || bytes[at] != 0 || get16(bytes + at + 1) != TYPE_OPT) {
    return (struct extension){false, 512, 0};
  }
  uint16_t size = get16(bytes + at + 3);
  return (struct extension){true, size < 512 ? 512 : size, bytes[at + 6]};
}

/* --- writing ------------------------------------------------------------------------------------------ */

static bool put_bytes(struct message *m, const void *bytes, size_t length) {
  if (m->length + length > m->limit) return false;
  memcpy(m->bytes + m->length, bytes, length);
  m->length += length;
  return true;
}

static bool put_number(struct message *m, uint32_t number, size_t size) {
  uint8_t bytes[4] = {(uint8_t)(number >> 24), (uint8_t)(number >> 16), (uint8_t)(number >> 8), (uint8_t)number};
  return put_bytes(m, bytes + 4 - size, size);
}

/* Whether the name that begins there, pointers followed, is this one. Ours point back only. */
static bool is_written_at(const struct message *m, size_t at, const uint8_t *name) {
  for (;;) {
    while (m->bytes[at] >= 0xc0) at = get16(m->bytes + at) & 0x3fff;
    const uint8_t *label = m->bytes + at;
    if (label[0] != name[0]) return false;
    /* To the letter: an answer keeps its own case (RFC 4343, 4.1). */
    if (memcmp(label, name, label[0] + 1u) != 0) return false;
    if (label[0] == 0) return true;
    at += label[0] + 1u;
    name = name_parent(name);
  }
}

static bool put_name(struct message *m, const uint8_t *name) {
  for (; name[0]; name = name_parent(name)) {
    for (size_t i = 0; i < m->pointer_count; i++) {
      if (is_written_at(m, m->pointers[i], name)) return put_number(m, 0xc000u | m->pointers[i], 2);
    }
    size_t at = m->length;
    if (!put_bytes(m, name, name[0] + 1u)) return false;
    if (m->pointer_count < MAX_POINTERS && at < 0x4000) m->pointers[m->pointer_count++] = (uint16_t)at;
  }
  return put_number(m, 0, 1);
}

/* Names in the data of these types may be compressed (RFC 3597, 4). */
static bool put_data(struct message *m, const struct zone_record *record) {
  switch (record->type) {
    case TYPE_NS:
    case TYPE_CNAME:
    case TYPE_PTR: return put_name(m, record->data);
    case TYPE_MX: return put_bytes(m, record->data, 2) && put_name(m, record->data + 2);
    case TYPE_SOA: {
      const uint8_t *second = record->data + name_length(record->data);
      return put_name(m, record->data) && put_name(m, second) && put_bytes(m, second + name_length(second), 20);
    }
    default: return put_bytes(m, record->data, record->length);
  }
}

static bool put_whole(struct message *m, const struct zone_record *record, const uint8_t *owner, uint32_t ttl) {
  if (!put_name(m, owner) || !put_number(m, record->type, 2) || !put_number(m, CLASS_IN, 2)) return false;
  if (!put_number(m, ttl, 4) || !put_number(m, 0, 2)) return false;
  size_t start = m->length;
  if (!put_data(m, record)) return false;
  put16(m->bytes + start - 2, (uint16_t)(m->length - start));
  return true;
}

/* Adds a record, whole or not at all. What is missing from the answer or the authority makes it a truncated one. */
static void put_record(struct message *m, int section, const struct zone_record *record, const uint8_t *owner, uint32_t ttl) {
  size_t length = m->length, pointers = m->pointer_count;
  if (!m->full && put_whole(m, record, owner, ttl)) {
    m->counts[section]++;
    return;
  }
  m->length = length;
  m->pointer_count = pointers;
  m->full = true;
  if (section != ADDITIONAL) m->flags |= FLAG_TRUNCATED;
}

/* --- what to answer ----------------------------------------------------------------------------------- */

static void put_soa(struct message *m, const struct zone *zone) {
  uint32_t minimum = zone_minimum(zone);
  put_record(m, AUTHORITY, zone->soa, zone->soa->name, zone->soa->ttl < minimum ? zone->soa->ttl : minimum);
}

/* The addresses of the names that records of a type (NS or MX) speak of, if they are in the zone. */
static void put_addresses(struct message *m, const struct zone *zone, const struct zone_record *records, size_t count,
                          uint16_t type) {
  for (size_t i = 0; i < count; i++) {
    const struct zone_record *first;
    if (records[i].type != type) continue;
    size_t found = zone_find(zone, records[i].data + (type == TYPE_MX ? 2 : 0), &first);
    for (size_t j = 0; j < found; j++) {
      if (first[j].type == TYPE_A) put_record(m, ADDITIONAL, &first[j], first[j].name, first[j].ttl);
    }
  }
}

/* The name servers of a part that is not ours, at or above a name; 0 when it is ours. */
static size_t find_delegation(const struct zone *zone, const uint8_t *name, const struct zone_record **first) {
  size_t found = 0;
  for (; !name_equal(name, zone->soa->name); name = name_parent(name)) {
    const struct zone_record *records;
    size_t count = zone_find(zone, name, &records);
    for (size_t i = 0; i < count; i++) {
      if (records[i].type != TYPE_NS) continue;
      *first = records;
      found = count;
      break;
    }
  }
  return found;
}

static bool exists(const struct zone *zone, const uint8_t *name) {
  const struct zone_record *first;
  return zone_find(zone, name, &first) > 0 || zone_has_below(zone, name);
}

/* The records of "*" below the closest name that exists (RFC 4592, 3.3.1). */
static size_t find_wildcard(const struct zone *zone, const uint8_t *name, const struct zone_record **first) {
  uint8_t wildcard[NAME_LIMIT + 2] = {1, '*'};
  do name = name_parent(name);
  while (!exists(zone, name));
  size_t length = name_length(name);
  if (length + 2 > NAME_LIMIT) return 0;
  memcpy(wildcard + 2, name, length);
  return zone_find(zone, wildcard, first);
}

static void refer(struct message *m, const struct zone *zone, const struct zone_record *records, size_t count) {
  for (size_t i = 0; i < count; i++) {
    if (records[i].type == TYPE_NS) put_record(m, AUTHORITY, &records[i], records[i].name, records[i].ttl);
  }
  put_addresses(m, zone, records, count, TYPE_NS);
}

/* Puts the records of a type; an alias when there is one instead, and returns it. */
static const struct zone_record *put_matches(struct message *m, const struct zone_record *records, size_t count,
                                             const uint8_t *owner, uint16_t type, size_t *matches) {
  const struct zone_record *alias = NULL;
  *matches = 0;
  for (size_t i = 0; i < count; i++) {
    bool match = type == TYPE_ANY || records[i].type == type;
    if (!match && records[i].type != TYPE_CNAME) continue;
    put_record(m, ANSWER, &records[i], owner, records[i].ttl);
    ++*matches;
    if (!match) alias = &records[i];
  }
  return alias;
}

static uint16_t look_up(struct message *m, const struct zone *zone, const struct question *question) {
  const uint8_t *name = question->name;
  for (int aliases = 0; aliases <= MAX_ALIASES; aliases++) {
    const struct zone_record *records = NULL;
    size_t matches;
    /* Where an alias leads to is somebody else's answer. */
    if (!name_is_below(name, zone->soa->name)) return NO_ERROR;
    size_t count = find_delegation(zone, name, &records);
    if (count > 0) {
      if (aliases == 0) m->flags &= (uint16_t)~FLAG_AUTHORITATIVE;
      refer(m, zone, records, count);
      return NO_ERROR;
    }
    count = zone_find(zone, name, &records);
    if (count == 0 && !exists(zone, name)) {
      count = find_wildcard(zone, name, &records);
      if (count == 0) {
        put_soa(m, zone);
        return NAME_ERROR;
      }
    }
    const struct zone_record *alias = put_matches(m, records, count, name, question->type, &matches);
    if (!alias) {
      if (matches == 0) put_soa(m, zone);
      else if (question->type == TYPE_NS || question->type == TYPE_MX) put_addresses(m, zone, records, count, question->type);
      return NO_ERROR;
    }
    name = alias->data;
  }
  return SERVER_FAILURE;
}

static uint16_t answer_question(struct message *m, const struct zone *zone, const struct question *question) {
  if (question->class != CLASS_IN && question->class != CLASS_ANY) return REFUSED;
  /* Transfers and the like. */
  if (question->type >= 251 && question->type != TYPE_ANY) return REFUSED;
  if (!name_is_below(question->name, zone->soa->name)) return REFUSED;
  m->flags |= FLAG_AUTHORITATIVE;
  return look_up(m, zone, question);
}

static void put_extension(struct message *m, uint16_t code) {
  uint8_t record[OPT_SIZE] = {0, 0, TYPE_OPT, ANSWER_DATAGRAM_LIMIT >> 8, ANSWER_DATAGRAM_LIMIT & 0xff, (uint8_t)(code >> 4)};
  m->limit += OPT_SIZE;
  put_bytes(m, record, sizeof record);
  m->counts[ADDITIONAL]++;
}

static size_t finish(struct message *m, const uint8_t *query, uint16_t questions, uint16_t code) {
  /* The identifier, the kind of query and whether recursion is wanted come back. */
  put16(m->bytes, get16(query));
  put16(m->bytes + 2, (uint16_t)(0x8000u | (get16(query + 2) & 0x7900u) | m->flags | (code & 15)));
  put16(m->bytes + 4, questions);
  for (int i = 0; i < 3; i++) put16(m->bytes + 6 + 2 * i, m->counts[i]);
  return m->length;
}

size_t dns_answer(const struct zone *zone, struct text query, bool datagram, uint8_t *answer, size_t room) {
  const uint8_t *bytes = (const uint8_t *)query.bytes;
  struct message m = {.bytes = answer, .length = HEADER_SIZE, .limit = room};
  struct question question;
  if (query.length < HEADER_SIZE || room < 512 || bytes[2] & 0x80) return 0;
  if ((bytes[2] & 0x78) != 0) return finish(&m, bytes, 0, NOT_IMPLEMENTED);
  size_t end = get16(bytes + 4) == 1 ? read_question(query, &question) : 0;
  if (end == 0) return finish(&m, bytes, 0, FORMAT_ERROR);

  struct extension extension = read_extension(query, end);
  if (datagram) {
    if (m.limit > ANSWER_DATAGRAM_LIMIT) m.limit = ANSWER_DATAGRAM_LIMIT;
    if (m.limit > extension.size) m.limit = extension.size;
  }
  if (extension.there) m.limit -= OPT_SIZE;
  /* The question comes back to the letter: its case is a secret of some resolvers. */
  m.pointers[m.pointer_count++] = HEADER_SIZE;
  put_bytes(&m, bytes + HEADER_SIZE, end - HEADER_SIZE);
  uint16_t code = extension.there && extension.version > 0 ? BAD_VERSION : answer_question(&m, zone, &question);
  if (extension.there) put_extension(&m, code);
  return finish(&m, bytes, 1, code);
}
