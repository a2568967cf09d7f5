/* Where a program with an ordinary main begins, and how it ends. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "../include/manifest.h"
#include "fd.h"

#include "lwip/netif.h"

#define MAX_ARGUMENTS 64
#define ADDRESS_PATIENCE 10000000000u

SOLO5_MANIFEST(SOLO5_NET("service"));

/* What clang makes of main(int, char **); main(void) it calls __main_void itself. */
__attribute__((weak)) int __main_argc_argv(int argc, char **argv);

/* The arguments without the library OS's own. */
__attribute__((weak)) int __main_void(void) {
  static char *arguments[MAX_ARGUMENTS + 1];
  int count = 0;
  arguments[count++] = (char *)instance_name();
  for (size_t i = 0; count < MAX_ARGUMENTS && operand(i); i++) arguments[count++] = (char *)operand(i);
  return __main_argc_argv(count, arguments);
}

static bool has_address(void *netif) { return !ip4_addr_isany(netif_ip4_addr((const struct netif *)netif)); }

int solo5_app_main(void) {
  runtime_start();
  /* Ordinary programs count on a network that is there. Without an answer by DHCP they begin all the same. */
  wait_until(has_address, network_start("service"), solo5_clock_monotonic() + ADDRESS_PATIENCE);
  int status = __main_void();
  fflush(NULL);
  return status;
}

void _Exit(int status) { solo5_exit(status); }

void abort(void) { solo5_abort(); }

/* There is no environment. */
char *getenv(const char *name) {
  (void)name;
  return NULL;
}
