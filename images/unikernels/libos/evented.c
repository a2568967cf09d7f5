/* The entry points of a module that is called when there is something to do. */
#include "libos.h"

int solo5_app_init(void) {
  runtime_start();
  return program_start();
}

solo5_time_t solo5_app_poll(solo5_handle_set_t ready) { return runtime_turn(ready); }
