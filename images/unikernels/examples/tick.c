/* The smallest unikernel: says the time every second, three times. clang alone makes a module of it. */
#include "../include/manifest.h"
#include "../include/solo5.h"

SOLO5_MANIFEST("");

#define SECOND 1000000000u

static int ticks;

int solo5_app_init(void) {
  solo5_console_write("Hello\n", 6);
  return 0;
}

solo5_time_t solo5_app_poll(solo5_handle_set_t ready) {
  (void)ready;
  static const char text[] = "tick 1\ntick 2\ntick 3\n";
  if (ticks == 3) solo5_exit(0);
  solo5_console_write(text + 7 * ticks++, 7);
  return solo5_clock_monotonic() + SECOND;
}
