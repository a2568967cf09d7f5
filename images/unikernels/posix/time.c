#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "fd.h"

#define SECOND 1000000000u

int __clock_gettime(clockid_t clock, struct timespec *time) {
  uint64_t now = clock == CLOCK_REALTIME ? solo5_clock_wall() : solo5_clock_monotonic();
  *time = (struct timespec){.tv_sec = (time_t)(now / SECOND), .tv_nsec = (long)(now % SECOND)};
  return 0;
}

int clock_gettime(clockid_t clock, struct timespec *time) { return __clock_gettime(clock, time); }

int gettimeofday(struct timeval *restrict time, void *restrict zone) {
  uint64_t now = solo5_clock_wall();
  (void)zone;
  *time = (struct timeval){.tv_sec = (time_t)(now / SECOND), .tv_usec = (suseconds_t)(now % SECOND / 1000)};
  return 0;
}

time_t time(time_t *where) {
  time_t now = (time_t)(solo5_clock_wall() / SECOND);
  if (where) *where = now;
  return now;
}

static bool never(void *context) {
  (void)context;
  return false;
}

static void sleep_for(uint64_t ns) { wait_until(never, NULL, solo5_clock_monotonic() + ns); }

int nanosleep(const struct timespec *wanted, struct timespec *left) {
  if (wanted->tv_sec < 0 || wanted->tv_nsec < 0 || wanted->tv_nsec >= (long)SECOND) return fail(EINVAL);
  sleep_for((uint64_t)wanted->tv_sec * SECOND + (uint64_t)wanted->tv_nsec);
  if (left) *left = (struct timespec){0, 0};
  return 0;
}

int usleep(unsigned us) {
  sleep_for((uint64_t)us * 1000);
  return 0;
}

unsigned sleep(unsigned seconds) {
  sleep_for((uint64_t)seconds * SECOND);
  return 0;
}

int getentropy(void *buffer, size_t size) {
  if (size > 256) return fail(EIO);
  random_bytes(buffer, size);
  return 0;
}
