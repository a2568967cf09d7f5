#include "rules.h"

#include <string.h>

#define SECOND 1000000000u

struct parser {
  const char *const *ports;
  size_t port_count;
  const char *problem;
};

static bool fail(struct parser *p, const char *what) {
  p->problem = what;
  return false;
}

static bool parse_port(struct parser *p, struct text word, int *port) {
  for (size_t i = 0; i < p->port_count; i++) {
    if (!text_is(word, p->ports[i])) continue;
    *port = (int)i;
    return true;
  }
  return fail(p, "there is no such port");
}

static bool parse_number(struct parser *p, struct text word, uint32_t most, uint32_t *number) {
  uint64_t value;
  if (!text_number(word, most, &value) || value == 0) return fail(p, "a number is wrong");
  *number = (uint32_t)value;
  return true;
}

/* "a.b.c.d" or "a.b.c.d/n". */
static bool parse_network(struct parser *p, struct text word, uint32_t *address, uint32_t *mask) {
  struct text host = text_split(&word, '/');
  uint64_t length = 32, part;
  uint8_t bytes[4];
  for (int i = 0; i < 4; i++) {
    struct text text = i < 3 ? text_split(&host, '.') : host;
    if (text.length > 3 || !text_number(text, 255, &part)) return fail(p, "an address is wrong");
    bytes[i] = (uint8_t)part;
  }
  if (word.length > 0 && !text_number(word, 32, &length)) return fail(p, "the length of a prefix is wrong");
  *address = get_address(bytes);
  *mask = length == 0 ? 0 : __builtin_bswap32(~0u << (32 - length));
  return true;
}

static bool parse_match(struct parser *p, struct text word, struct text *rest, struct rule *rule) {
  uint32_t number;
  if (text_is(word, "tcp")) return rule->type = ETHER_IP4, rule->protocol = PROTOCOL_TCP, true;
  if (text_is(word, "udp")) return rule->type = ETHER_IP4, rule->protocol = PROTOCOL_UDP, true;
  if (text_is(word, "icmp")) return rule->type = ETHER_IP4, rule->protocol = PROTOCOL_ICMP, true;
  if (text_is(word, "ip")) return rule->type = ETHER_IP4, true;
  if (text_is(word, "arp")) return rule->type = ETHER_ARP, true;
  struct text value = text_word(rest);
  if (text_is(word, "in")) return parse_port(p, value, &rule->in);
  if (text_is(word, "out")) return parse_port(p, value, &rule->out);
  if (text_is(word, "from")) return parse_network(p, value, &rule->from, &rule->from_mask);
  if (text_is(word, "to")) return parse_network(p, value, &rule->to, &rule->to_mask);
  if (text_is(word, "from-port") && parse_number(p, value, 65535, &number)) return rule->from_port = (uint16_t)number, true;
  if (text_is(word, "to-port") && parse_number(p, value, 65535, &number)) return rule->to_port = (uint16_t)number, true;
  return p->problem ? false : fail(p, "a word is not understood");
}

static bool parse_destination(struct parser *p, struct text word, struct rule *rule) {
  uint32_t mask, port = 0;
  struct text address = text_split(&word, ':');
  if (!parse_network(p, address, &rule->address, &mask)) return false;
  if (word.length > 0 && !parse_number(p, word, 65535, &port)) return false;
  rule->port = (uint16_t)port;
  return true;
}

static bool parse_action(struct parser *p, struct text word, struct text *rest, struct rule *rule) {
  if (text_is(word, "accept")) return rule->action = ACTION_ACCEPT, true;
  if (text_is(word, "drop")) return rule->action = ACTION_DROP, true;
  if (text_is(word, "masquerade")) return rule->action = ACTION_MASQUERADE, true;
  struct text value = text_word(rest);
  if (text_is(word, "count")) {
    rule->action = ACTION_COUNT;
    format(rule->name, sizeof rule->name, "%t", value);
    return value.length > 0 || fail(p, "a counter needs a name");
  }
  if (text_is(word, "limit")) return rule->action = ACTION_LIMIT, parse_number(p, value, 1000000, &rule->limit);
  if (text_is(word, "mirror")) return rule->action = ACTION_MIRROR, parse_port(p, value, &rule->mirror);
  if (text_is(word, "rewrite")) return rule->action = ACTION_REWRITE, parse_destination(p, value, rule);
  return fail(p, "a word is not understood");
}

static bool parse_rule(struct parser *p, struct text word, struct text rest, struct pipeline *pipeline) {
  if (pipeline->rule_count == RULE_LIMIT) return fail(p, "there are too many rules");
  struct rule *rule = &pipeline->rules[pipeline->rule_count];
  *rule = (struct rule){.in = ANY_PORT, .out = ANY_PORT};
  if (!parse_action(p, word, &rest, rule)) return false;
  while ((word = text_word(&rest)).length > 0) {
    if (!parse_match(p, word, &rest, rule)) return false;
  }
  bool translates = rule->action == ACTION_REWRITE || rule->action == ACTION_MASQUERADE;
  if (translates && !pipeline->routes_packets) return fail(p, "a bridge does not translate: say router first");
  if (rule->action == ACTION_REWRITE && rule->out != ANY_PORT) return fail(p, "rewrite decides where it goes out");
  if (rule->action == ACTION_MASQUERADE && rule->out == ANY_PORT) return fail(p, "masquerade needs a port out");
  /* As much as a second's worth may pass at once. */
  rule->allowance = (uint64_t)rule->limit * SECOND;
  pipeline->rule_count++;
  return true;
}

static bool parse_route(struct parser *p, struct text rest, struct pipeline *pipeline) {
  uint32_t mask;
  if (pipeline->route_count == ROUTE_LIMIT) return fail(p, "there are too many routes");
  struct route *route = &pipeline->routes[pipeline->route_count++];
  struct text network = text_word(&rest), via = text_word(&rest);
  return parse_network(p, network, &route->network, &route->mask) && parse_network(p, via, &route->via, &mask);
}

static bool parse_line(struct parser *p, struct text line, struct pipeline *pipeline) {
  struct text rest = line, word = text_word(&rest);
  if (word.length == 0) return true;
  if (text_is(word, "bridge") || text_is(word, "router")) {
    if (pipeline->rule_count > 0) return fail(p, "bridge or router comes before the rules");
    pipeline->routes_packets = text_is(word, "router");
    return true;
  }
  if (text_is(word, "route")) return parse_route(p, rest, pipeline);
  if (!text_is(word, "default")) return parse_rule(p, word, rest, pipeline);
  word = text_word(&rest);
  pipeline->drops_by_default = text_is(word, "drop");
  return pipeline->drops_by_default || text_is(word, "accept") || fail(p, "the default is accept or drop");
}

bool pipeline_parse(struct pipeline *pipeline, struct text text, const char *const *ports, size_t port_count,
                    struct pipeline_problem *problem) {
  struct parser p = {ports, port_count, NULL};
  memset(pipeline, 0, sizeof *pipeline);
  uint32_t number = 0;
  while (text.length > 0 && !p.problem) {
    struct text line = text_split(&text, '\n');
    number++;
    parse_line(&p, text_split(&line, '#'), pipeline);
  }
  *problem = (struct pipeline_problem){number, p.problem};
  return !p.problem;
}

/* --- packets ------------------------------------------------------------------------------------------- */

static bool matches(const struct rule *rule, const struct packet *p) {
  const struct tuple *t = &p->tuple;
  bool needs_ip = rule->protocol || rule->from_mask || rule->to_mask || rule->from_port || rule->to_port;
  if (rule->in != ANY_PORT && rule->in != p->in) return false;
  if (rule->out != ANY_PORT && rule->out != p->out) return false;
  if (rule->type && rule->type != p->type) return false;
  if (!needs_ip) return true;
  if (!p->ip || (rule->protocol && rule->protocol != t->protocol)) return false;
  if (((t->source ^ rule->from) & rule->from_mask) || ((t->destination ^ rule->to) & rule->to_mask)) return false;
  if (!rule->from_port && !rule->to_port) return true;
  if (!p->has_ports || t->protocol == PROTOCOL_ICMP) return false;
  return (!rule->from_port || rule->from_port == t->source_port) && (!rule->to_port || rule->to_port == t->destination_port);
}

/* A bucket of tokens that holds a second's worth. */
static bool may_pass(struct rule *rule, uint64_t now) {
  uint64_t full = (uint64_t)rule->limit * SECOND, passed = rule->reckoned ? now - rule->reckoned : 0;
  rule->reckoned = now;
  rule->allowance = passed >= SECOND ? full : rule->allowance + passed * rule->limit;
  if (rule->allowance > full) rule->allowance = full;
  if (rule->allowance < SECOND) return false;
  rule->allowance -= SECOND;
  return true;
}

enum verdict pipeline_walk(struct pipeline *pipeline, const struct packet *packet, bool known, uint64_t now,
                           bool *masquerade) {
  *masquerade = false;
  for (size_t i = 0; i < pipeline->rule_count; i++) {
    struct rule *rule = &pipeline->rules[i];
    if (!matches(rule, packet)) continue;
    rule->packets++;
    rule->bytes += packet->length;
    if (rule->action == ACTION_LIMIT && !may_pass(rule, now)) return VERDICT_DROP;
    if (rule->action == ACTION_MIRROR) port_send(rule->mirror, packet->frame, packet->length);
    if (known) continue;
    if (rule->action == ACTION_MASQUERADE) *masquerade = true;
    if (rule->action == ACTION_ACCEPT) return VERDICT_ACCEPT;
    if (rule->action == ACTION_DROP) return VERDICT_DROP;
  }
  /* Without ARP nothing else would come: only a rule that names it drops it. */
  return known || packet->type == ETHER_ARP || !pipeline->drops_by_default ? VERDICT_ACCEPT : VERDICT_DROP;
}

const struct rule *pipeline_rewrite(const struct pipeline *pipeline, const struct packet *packet) {
  for (size_t i = 0; i < pipeline->rule_count; i++) {
    const struct rule *rule = &pipeline->rules[i];
    if (rule->action == ACTION_REWRITE && matches(rule, packet)) return rule;
  }
  return NULL;
}
