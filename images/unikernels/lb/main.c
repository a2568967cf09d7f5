/*
 * A TCP load balancer. Its arguments are the backends, each ADDRESS:PORT; more can be added, drained and removed over
 * HTTP while it runs (admin.h). Options:
 *
 *   --port=80                    where clients connect
 *   --admin=8080                 where it is asked and told things
 *   --algorithm=round-robin      or least-connections, source-hash
 *   --check-interval=1000        milliseconds; 0 for no checks
 *   --check-path=/               asks for it by HTTP instead of only connecting
 *   --fall=2 --rise=1            failures, successes in a row that take a backend out, bring it back
 */
#include <string.h>

#include "../include/manifest.h"
#include "../libos/libos.h"
#include "admin.h"
#include "health.h"
#include "relay.h"

SOLO5_MANIFEST(SOLO5_NET("service"));

static void add_backends(void) {
  const char *argument;
  for (size_t i = 0; (argument = operand(i)); i++) {
    uint32_t address;
    uint16_t port;
    if (!pool_parse_address(text_of(argument), &address, &port)) {
      give_up("%s is no backend: an address and a port are, like 10.0.0.3:80", argument);
    }
    if (!pool_add(address, port)) give_up("More than %u backends", (uint32_t)MAX_BACKENDS);
  }
}

int program_start(void) {
  const char *algorithm = option("algorithm"), *path = option("check-path");
  uint32_t port = option_number("port", 80, 65535), admin = option_number("admin", 8080, 65535);
  uint32_t interval = option_number("check-interval", 1000, 3600000);
  if (algorithm && !pool_parse_algorithm(algorithm, &pool.algorithm)) {
    give_up("--algorithm=%s: the algorithms are round-robin, least-connections and source-hash", algorithm);
  }
  if (path && (path[0] != '/' || strlen(path) > 200)) give_up("--check-path=%s is no path", path);
  pool.fall = option_number("fall", 2, 100);
  pool.rise = option_number("rise", 1, 100);
  pool.on_down = relay_reset;
  add_backends();
  network_start("service");
  relay_listen((uint16_t)port);
  admin_serve((uint16_t)admin);
  if (interval > 0) health_start(interval, path);
  say("Balancing port %u by %s, asked on port %u", port, pool_algorithm_name(pool.algorithm), admin);
  return 0;
}
