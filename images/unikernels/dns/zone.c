#include "zone.h"

#include <stdlib.h>
#include <string.h>

#define MAX_FIELDS 32
#define DATA_LIMIT 1024

struct field {
  struct text text;
  bool quoted;
};

struct parser {
  struct text rest;
  uint32_t line;
  struct field fields[MAX_FIELDS];
  size_t count;
  /* The line began with a space: its owner is that of the one before. */
  bool same_owner;
  const char *problem;
  uint8_t origin[NAME_LIMIT], owner[NAME_LIMIT];
  bool has_owner, has_ttl;
  uint32_t ttl;
};

/* --- fields ------------------------------------------------------------------------------------------- */

static bool fail(struct parser *p, const char *what) {
  if (!p->problem) p->problem = what;
  return false;
}

static char peek(const struct parser *p) { return p->rest.bytes[0]; }

static void skip(struct parser *p) {
  if (peek(p) == '\n') p->line++;
  p->rest.bytes++, p->rest.length--;
}

static bool is_end(char c) {
  return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == ';' || c == '(' || c == ')' || c == '"';
}

static bool read_field(struct parser *p) {
  bool quoted = peek(p) == '"';
  if (quoted) skip(p);
  const char *start = p->rest.bytes;
  while (p->rest.length > 0 && (quoted ? peek(p) != '"' && peek(p) != '\n' : !is_end(peek(p)))) {
    if (peek(p) == '\\' && p->rest.length > 1) skip(p);
    skip(p);
  }
  struct text text = {start, (size_t)(p->rest.bytes - start)};
  if (quoted) {
    if (p->rest.length == 0 || peek(p) != '"') return fail(p, "a quote is not closed");
    skip(p);
  }
  if (p->count == MAX_FIELDS) return fail(p, "there are too many fields");
  p->fields[p->count++] = (struct field){text, quoted};
  return true;
}

/* Reads the fields up to the end of a line that no parenthesis is open at. False at the end of the file. */
static bool read_entry(struct parser *p) {
  uint32_t open = 0;
  p->count = 0;
  p->same_owner = p->rest.length > 0 && (peek(p) == ' ' || peek(p) == '\t');
  while (p->rest.length > 0 && !p->problem) {
    char c = peek(p);
    if (c == '\n' && open == 0) {
      if (p->count > 0) return true;
      skip(p);
      p->same_owner = p->rest.length > 0 && (peek(p) == ' ' || peek(p) == '\t');
    } else if (c == ';') {
      while (p->rest.length > 0 && peek(p) != '\n') skip(p);
    } else if (c == '(') {
      open++;
      skip(p);
    } else if (c == ')') {
      if (open-- == 0) return fail(p, "a parenthesis is closed that was not opened");
      skip(p);
    } else if (c == ' ' || c == '\t' || c == '\r' || c == '\n') {
      skip(p);
    } else {
      read_field(p);
    }
  }
  if (open > 0) fail(p, "a parenthesis is not closed");
  return p->count > 0 && !p->problem;
}

/* A time in seconds, or with units as in 1h30m. */
static bool parse_time(struct text text, uint32_t *seconds) {
  uint64_t total = 0, number = 0;
  bool digits = false;
  if (text.length == 0) return false;
  for (size_t i = 0; i < text.length; i++) {
    char c = text.bytes[i];
    if (c >= '0' && c <= '9') {
      number = number * 10 + (uint64_t)(c - '0');
      digits = true;
    } else {
      const char *units = "smhdw", *unit = c ? strchr(units, c | 0x20) : NULL;
      static const uint32_t lengths[] = {1, 60, 3600, 86400, 604800};
      if (!digits || !unit) return false;
      total += number * lengths[unit - units];
      number = 0;
      digits = false;
    }
    if (total + number > INT32_MAX) return false;
  }
  *seconds = (uint32_t)(total + number);
  return true;
}

/* --- records ------------------------------------------------------------------------------------------ */

static uint16_t type_of(struct text name) {
  static const struct {
    const char *name;
    uint16_t type;
  } types[] = {{"A", TYPE_A}, {"NS", TYPE_NS}, {"CNAME", TYPE_CNAME}, {"SOA", TYPE_SOA}, {"PTR", TYPE_PTR},
               {"MX", TYPE_MX}, {"TXT", TYPE_TXT}};
  for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
    if (text_is_nocase(name, types[i].name)) return types[i].type;
  }
  return 0;
}

struct data {
  uint8_t bytes[DATA_LIMIT];
  size_t length;
};

static bool add_number(struct data *data, uint32_t number, size_t size) {
  if (data->length + size > DATA_LIMIT) return false;
  for (size_t i = size; i-- > 0;) data->bytes[data->length++] = (uint8_t)(number >> (8 * i));
  return true;
}

static bool add_name(struct parser *p, struct data *data, struct text text) {
  uint8_t name[NAME_LIMIT];
  if (!name_parse(text, p->origin, name)) return fail(p, "a name is malformed");
  size_t length = name_length(name);
  memcpy(data->bytes + data->length, name, length);
  data->length += length;
  return true;
}

static bool add_address(struct parser *p, struct data *data, struct text text) {
  for (int i = 0; i < 4; i++) {
    struct text part = i < 3 ? text_split(&text, '.') : text;
    uint64_t number;
    if (part.length > 3 || !text_number(part, 255, &number)) return fail(p, "an address is malformed");
    add_number(data, (uint32_t)number, 1);
  }
  return true;
}

static bool add_string(struct parser *p, struct data *data, struct text text) {
  if (text.length > 255 || data->length + 1 + text.length > DATA_LIMIT) return fail(p, "a text is too long");
  size_t at = data->length++;
  for (size_t i = 0; i < text.length; i++) {
    if (text.bytes[i] == '\\' && i + 1 < text.length) i++;
    data->bytes[data->length++] = (uint8_t)text.bytes[i];
  }
  data->bytes[at] = (uint8_t)(data->length - at - 1);
  return true;
}

static bool add_soa(struct parser *p, struct data *data, const struct field *fields) {
  uint64_t serial;
  uint32_t time;
  if (!add_name(p, data, fields[0].text) || !add_name(p, data, fields[1].text)) return false;
  if (!text_number(fields[2].text, UINT32_MAX, &serial)) return fail(p, "the serial number is malformed");
  add_number(data, (uint32_t)serial, 4);
  for (int i = 3; i < 7; i++) {
    if (!parse_time(fields[i].text, &time)) return fail(p, "a time is malformed");
    add_number(data, time, 4);
  }
  return true;
}

static bool parse_data(struct parser *p, uint16_t type, const struct field *fields, size_t count, struct data *data) {
  static const uint8_t wanted[] = {[TYPE_A] = 1, [TYPE_NS] = 1, [TYPE_CNAME] = 1, [TYPE_SOA] = 7, [TYPE_PTR] = 1, [TYPE_MX] = 2};
  uint64_t preference;
  if (type == TYPE_TXT ? count == 0 : count != wanted[type]) return fail(p, "it has a wrong number of fields");
  switch (type) {
    case TYPE_A: return add_address(p, data, fields[0].text);
    case TYPE_SOA: return add_soa(p, data, fields);
    case TYPE_MX:
      if (!text_number(fields[0].text, 65535, &preference)) return fail(p, "the preference is no number");
      add_number(data, (uint32_t)preference, 2);
      return add_name(p, data, fields[1].text);
    case TYPE_TXT:
      for (size_t i = 0; i < count; i++) {
        if (!add_string(p, data, fields[i].text)) return false;
      }
      return true;
    default: return add_name(p, data, fields[0].text);
  }
}

static uint8_t *copy_of(const uint8_t *bytes, size_t length) {
  uint8_t *copy = malloc(length ? length : 1);
  if (copy) memcpy(copy, bytes, length);
  return copy;
}

static bool add_record(struct parser *p, struct zone *zone, uint16_t type, uint32_t ttl, const struct data *data) {
  if (zone->count == ZONE_RECORD_LIMIT) return fail(p, "there are too many records");
  struct zone_record *record = &zone->records[zone->count];
  *record = (struct zone_record){copy_of(p->owner, name_length(p->owner)), type, ttl, copy_of(data->bytes, data->length),
                                 (uint16_t)data->length};
  if (!record->name || !record->data) return fail(p, "there is no memory for it");
  zone->count++;
  return true;
}

/* [owner] [ttl] [class] type data, ttl and class in any order. */
static bool parse_record(struct parser *p, struct zone *zone) {
  size_t at = 0;
  if (!p->same_owner) {
    if (!name_parse(p->fields[at++].text, p->origin, p->owner)) return fail(p, "a name is malformed");
    p->has_owner = true;
  }
  if (!p->has_owner) return fail(p, "the first record has no name");
  uint32_t ttl = p->ttl;
  bool has_ttl = p->has_ttl;
  for (int i = 0; i < 2 && at < p->count; i++) {
    if (text_is_nocase(p->fields[at].text, "IN")) at++;
    else if (parse_time(p->fields[at].text, &ttl)) at++, has_ttl = true;
  }
  uint16_t type = at < p->count && !p->fields[at].quoted ? type_of(p->fields[at].text) : 0;
  if (!type) return fail(p, "its type is not one of SOA, NS, A, CNAME, PTR, TXT, MX");
  struct data data = {.length = 0};
  if (!parse_data(p, type, p->fields + at + 1, p->count - at - 1, &data)) return false;
  if (!has_ttl && type != TYPE_SOA) return fail(p, "it has no time to live, and there is no $TTL");
  return add_record(p, zone, type, has_ttl ? ttl : 3600, &data);
}

static bool parse_entry(struct parser *p, struct zone *zone) {
  struct text first = p->fields[0].text;
  if (text_is(first, "$ORIGIN")) {
    uint8_t origin[NAME_LIMIT];
    if (p->count != 2 || !name_parse(p->fields[1].text, p->origin, origin)) return fail(p, "$ORIGIN needs a name");
    memcpy(p->origin, origin, NAME_LIMIT);
    return true;
  }
  if (text_is(first, "$TTL")) {
    p->has_ttl = p->count == 2 && parse_time(p->fields[1].text, &p->ttl);
    return p->has_ttl || fail(p, "$TTL needs a time");
  }
  if (text_starts(first, "$")) return fail(p, "there are only $ORIGIN and $TTL");
  return parse_record(p, zone);
}

/* --- the whole ---------------------------------------------------------------------------------------- */

static int compare_records(const void *a, const void *b) {
  const struct zone_record *one = a, *two = b;
  int order = name_compare(one->name, two->name);
  return order ? order : one->type - two->type;
}

static const char *check_zone(struct zone *zone) {
  for (size_t i = 0; i < zone->count; i++) {
    if (zone->records[i].type != TYPE_SOA) continue;
    if (zone->soa) return "there are two SOA records";
    zone->soa = &zone->records[i];
  }
  if (!zone->soa) return "there is no SOA record";
  for (size_t i = 0; i < zone->count; i++) {
    const struct zone_record *record = &zone->records[i];
    const struct zone_record *first;
    if (!name_is_below(record->name, zone->soa->name)) return "a name is not below that of the SOA record";
    if (record->type == TYPE_CNAME && zone_find(zone, record->name, &first) > 1) return "a CNAME has something beside it";
  }
  return NULL;
}

bool zone_parse(struct zone *zone, struct text text, const uint8_t *origin, struct zone_problem *problem) {
  struct parser *p = calloc(1, sizeof *p);
  *zone = (struct zone){.records = calloc(ZONE_RECORD_LIMIT, sizeof *zone->records)};
  *problem = (struct zone_problem){0, "there is no memory for it"};
  if (p && zone->records) {
    p->rest = text;
    p->line = 1;
    memcpy(p->origin, origin, name_length(origin));
    while (read_entry(p) && parse_entry(p, zone)) continue;
    *problem = (struct zone_problem){p->line, p->problem};
    if (!p->problem) {
      qsort(zone->records, zone->count, sizeof *zone->records, compare_records);
      *problem = (struct zone_problem){0, check_zone(zone)};
    }
  }
  free(p);
  if (problem->what) zone_free(zone);
  return !problem->what;
}

void zone_free(struct zone *zone) {
  for (size_t i = 0; i < zone->count; i++) {
    free(zone->records[i].name);
    free(zone->records[i].data);
  }
  free(zone->records);
  *zone = (struct zone){0};
}

/* The index of the first record whose name is not before this one. */
static size_t position(const struct zone *zone, const uint8_t *name) {
  size_t low = 0, high = zone->count;
  while (low < high) {
    size_t middle = (low + high) / 2;
    if (name_compare(zone->records[middle].name, name) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

size_t zone_find(const struct zone *zone, const uint8_t *name, const struct zone_record **first) {
  size_t at = position(zone, name), count = 0;
  *first = zone->records + at;
  while (at + count < zone->count && name_equal(zone->records[at + count].name, name)) count++;
  return count;
}

bool zone_has_below(const struct zone *zone, const uint8_t *name) {
  size_t at = position(zone, name);
  while (at < zone->count && name_equal(zone->records[at].name, name)) at++;
  return at < zone->count && name_is_below(zone->records[at].name, name);
}

uint32_t zone_minimum(const struct zone *zone) {
  const uint8_t *at = zone->soa->data + zone->soa->length - 4;
  return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}
