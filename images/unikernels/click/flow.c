#include "flow.h"

#include <string.h>

#define SECOND 1000000000u
#define BUCKETS 8192
/* How far an entry may be from where its hash puts it. */
#define REACH 32

static struct flow flows[FLOW_LIMIT];
static size_t next_place;

/* Each flow is in it twice, by both of its tuples: its number plus 1, and which of the two. */
struct link {
  uint16_t flow;
  bool back;
};
static struct link links[BUCKETS];

struct tuple tuple_reversed(const struct tuple *t) {
  return (struct tuple){t->destination, t->source, t->destination_port, t->source_port, t->protocol};
}

static bool equal(const struct tuple *a, const struct tuple *b) {
  return a->source == b->source && a->destination == b->destination && a->source_port == b->source_port &&
         a->destination_port == b->destination_port && a->protocol == b->protocol;
}

static size_t bucket_of(const struct tuple *t) {
  uint32_t hash = t->source * 0x9e3779b1u ^ t->destination * 0x85ebca6bu;
  hash ^= ((uint32_t)t->source_port << 16 | t->destination_port) * 0xc2b2ae35u ^ t->protocol;
  hash ^= hash >> 15;
  hash *= 0x2c1b3c6du;
  return (hash ^ hash >> 13) % BUCKETS;
}

static bool is_over(const struct flow *flow, uint64_t now) {
  uint64_t patience = flow->original.protocol == PROTOCOL_TCP ? 600u : 60u;
  return now - flow->last > patience * SECOND;
}

static struct link *find_link(const struct tuple *tuple, uint64_t now) {
  size_t start = bucket_of(tuple);
  for (size_t i = 0; i < REACH; i++) {
    struct link *link = &links[(start + i) % BUCKETS];
    struct flow *flow = link->flow ? &flows[link->flow - 1] : NULL;
    if (!flow || !equal(link->back ? &flow->reply : &flow->original, tuple)) continue;
    if (!is_over(flow, now)) return link;
  }
  return NULL;
}

struct flow *flow_find(const struct tuple *tuple, uint64_t now, bool *back) {
  struct link *link = find_link(tuple, now);
  if (!link) return NULL;
  *back = link->back;
  flows[link->flow - 1].last = now;
  return &flows[link->flow - 1];
}

bool flow_expects(const struct tuple *reply, uint64_t now) { return find_link(reply, now) != NULL; }

static void unlink_flow(size_t number) {
  for (int back = 0; back < 2; back++) {
    size_t start = bucket_of(back ? &flows[number].reply : &flows[number].original);
    for (size_t i = 0; i < REACH; i++) {
      struct link *link = &links[(start + i) % BUCKETS];
      if (link->flow == number + 1 && link->back == back) *link = (struct link){0, false};
    }
  }
  flows[number].used = false;
}

static struct link *free_link(const struct tuple *tuple, uint64_t now) {
  size_t start = bucket_of(tuple);
  for (size_t i = 0; i < REACH; i++) {
    struct link *link = &links[(start + i) % BUCKETS];
    if (link->flow && is_over(&flows[link->flow - 1], now)) unlink_flow(link->flow - 1u);
    if (!link->flow) return link;
  }
  return NULL;
}

struct flow *flow_add(const struct tuple *original, const struct tuple *reply, uint64_t now) {
  for (size_t i = 0; i < FLOW_LIMIT; i++) {
    size_t number = next_place++ % FLOW_LIMIT;
    struct flow *flow = &flows[number];
    if (flow->used && is_over(flow, now)) unlink_flow(number);
    if (flow->used) continue;
    *flow = (struct flow){true, *original, *reply, now};
    struct link *there = free_link(original, now);
    if (there) *there = (struct link){(uint16_t)(number + 1), false};
    struct link *back = there ? free_link(reply, now) : NULL;
    if (back) *back = (struct link){(uint16_t)(number + 1), true};
    if (back) return flow;
    unlink_flow(number);
    return NULL;
  }
  return NULL;
}

struct tuple flow_translated(const struct flow *flow, bool back) {
  return tuple_reversed(back ? &flow->original : &flow->reply);
}
