/*
 * A packet pipeline between two ports, eth0 and eth1: bridge or router, filter, NAT, limits, counters, mirrors, from
 * the lines of /etc/click. A router's addresses are those of its arguments. Options: --report=SECONDS says now and then
 * what the counters have counted.
 */
#include <string.h>

#include "../include/manifest.h"
#include "../libos/libos.h"
#include "forward.h"

#include "lwip/timeouts.h"

SOLO5_MANIFEST(SOLO5_NET("eth0") "," SOLO5_NET("eth1"));

/* Of one port in a turn; what is left has its turn after the other's. */
#define FRAME_BUDGET 128

static const char *const names[] = {"eth0", "eth1"};
static solo5_handle_t handles[2];
static uint32_t report_seconds;

void port_send(int port, const uint8_t *frame, size_t length) { solo5_net_write(handles[port], frame, length); }

static void receive(void *context) {
  static uint8_t frame[FRAME_LIMIT];
  int port = (int)((const solo5_handle_t *)context - handles);
  size_t length;
  for (int i = 0; i < FRAME_BUDGET; i++) {
    if (solo5_net_read(handles[port], frame, sizeof frame, &length) != SOLO5_R_OK) return;
    forward(port, frame, length, turn_time());
  }
  runtime_hurry();
}

static void report(void *context) {
  (void)context;
  say("forwarded %U, dropped %U, malformed %U", forwarder.forwarded, forwarder.dropped, forwarder.malformed);
  for (size_t i = 0; i < forwarder.pipeline.rule_count; i++) {
    const struct rule *rule = &forwarder.pipeline.rules[i];
    if (rule->action == ACTION_COUNT) say("%s: %U packets, %U bytes", rule->name, rule->packets, rule->bytes);
  }
  sys_timeout(report_seconds * 1000, report, NULL);
}

static void open_port(int index, const char *address_option) {
  struct port *port = &forwarder.ports[index];
  struct solo5_net_info info;
  if (solo5_net_acquire(names[index], &handles[index], &info) != SOLO5_R_OK) give_up("There is no port %s", names[index]);
  port->name = names[index];
  memcpy(port->mac, info.mac_address, sizeof port->mac);
  const char *address = option(address_option);
  if (address && !parse_ipv4_prefix(address, &port->address, &port->mask)) {
    give_up("--%s=%s is no address with the length of its prefix", address_option, address);
  }
  runtime_watch(handles[index], receive, &handles[index]);
}

int program_start(void) {
  struct pipeline_problem problem;
  const struct file *file = file_find("/etc/click");
  if (!file) give_up("There is no /etc/click");
  struct text text = {(const char *)file->bytes, file->size};
  if (!pipeline_parse(&forwarder.pipeline, text, names, 2, &problem)) {
    give_up("/etc/click, line %u: %s", problem.line, problem.what);
  }
  open_port(0, "ipv4");
  open_port(1, "ipv4.eth1");
  forwarder.port_count = 2;
  const char *gateway = option("gateway");
  if (gateway && !parse_ipv4(gateway, &forwarder.gateway)) give_up("--gateway=%s is no IPv4 address", gateway);
  report_seconds = option_number("report", 0, 86400);
  if (report_seconds > 0) sys_timeout(report_seconds * 1000, report, NULL);
  say("%s with %u rules", forwarder.pipeline.routes_packets ? "Router" : "Bridge", (uint32_t)forwarder.pipeline.rule_count);
  return 0;
}
