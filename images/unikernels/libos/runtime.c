#include "libos.h"

#include "lwip/init.h"
#include "lwip/timeouts.h"

#define MAX_AFTER 4
#define NS_PER_MS 1000000u

struct callback {
  turn_callback call;
  void *context;
};

static struct callback watches[64];
static struct callback afters[MAX_AFTER];
static size_t after_count;
static uint64_t now;
static bool hurry;

uint64_t turn_time(void) { return now; }

/* lwIP asks often; within a turn the answer stays the same. */
u32_t sys_now(void) { return (u32_t)(now / NS_PER_MS); }

void runtime_watch(solo5_handle_t handle, turn_callback callback, void *context) {
  watches[handle & 63] = (struct callback){callback, context};
}

void runtime_after(turn_callback callback, void *context) {
  if (after_count == MAX_AFTER) give_up("More than %u callbacks want the end of a turn", (uint32_t)MAX_AFTER);
  afters[after_count++] = (struct callback){callback, context};
}

void runtime_hurry(void) { hurry = true; }

void runtime_start(void) {
  now = solo5_clock_monotonic();
  lwip_init();
}

static void call_afters(void) {
  for (size_t i = 0; i < after_count; i++) afters[i].call(afters[i].context);
}

solo5_time_t runtime_turn(solo5_handle_set_t ready) {
  now = solo5_clock_monotonic();
  hurry = false;
  for (; ready; ready &= ready - 1) {
    const struct callback *watch = &watches[__builtin_ctzll(ready)];
    if (watch->call) watch->call(watch->context);
  }
  sys_check_timeouts();
  call_afters();
  if (hurry) return now;
  u32_t sleep = sys_timeouts_sleeptime();
  return sleep == SYS_TIMEOUTS_SLEEPTIME_INFINITE ? UINT64_MAX : now + (uint64_t)sleep * NS_PER_MS;
}
