// Small things the host sets: clock, randomness, name, console size, empty memory.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/random.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/sysinfo.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "agent.h"

int clock_set(uint64_t micros, const char **what) {
  *what = "clock";
  struct timespec time = {.tv_sec = (time_t)(micros / 1000000), .tv_nsec = (long)(micros % 1000000) * 1000};
  return clock_settime(CLOCK_REALTIME, &time) < 0 ? -errno : 0;
}

int entropy_add(const uint8_t *bytes, size_t length, const char **what) {
  *what = "random pool";
  if (length == 0 || length > MAX_ENTROPY) return -EINVAL;
  struct {
    int bits, size;
    uint8_t bytes[MAX_ENTROPY];
  } pool = {.bits = (int)length * 8, .size = (int)length};
  memcpy(pool.bytes, bytes, length);
  int fd = open("/dev/urandom", O_WRONLY | O_CLOEXEC);
  if (fd < 0) return -errno;
  // Mixing in is not enough: without the reseed two clones would give the same numbers for up to a minute.
  int error = ioctl(fd, RNDADDENTROPY, &pool) < 0 || ioctl(fd, RNDRESEEDCRNG) < 0 ? -errno : 0;
  close(fd);
  return error;
}

int hostname_set(const char *name, const char **what) {
  *what = "hostname";
  if (sethostname(name, strlen(name)) < 0) return -errno;
  char line[66];
  size_t length = strlen(name);
  memcpy(line, name, length);
  line[length] = '\n';
  return file_write("/etc/hostname", line, length + 1);
}

int console_resize(uint16_t columns, uint16_t rows, const char **what) {
  *what = "console";
  static const char *const consoles[] = {"/dev/hvc0", "/dev/ttyS0"};
  int error = -ENODEV;
  for (int i = 0; i < 2 && error; i++) {
    int fd = open(consoles[i], O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0) continue;
    struct winsize size = {.ws_row = rows, .ws_col = columns};
    error = ioctl(fd, TIOCSWINSZ, &size) < 0 ? -errno : 0;
    close(fd);
  }
  return error;
}

// --- memory ---------------------------------------------------------------------------------------

#define TRIM_STEP (1u << 20)
// What stays free: below some megabytes the kernel would begin to reclaim what is in use.
#define TRIM_RESERVE (4u << 20)

static uint64_t free_memory(void) {
  struct sysinfo info;
  return sysinfo(&info) < 0 ? 0 : (uint64_t)info.freeram * info.mem_unit;
}

// Takes free memory until little is left. The kernel zeroes each page it gives, and it goes back at exit.
static void __attribute__((noreturn)) fill_and_exit(int report) {
  file_write("/proc/self/oom_score_adj", "1000", 4);
  uint64_t zeroed = 0;
  while (free_memory() > TRIM_RESERVE + TRIM_STEP) {
    void *step = mmap(NULL, TRIM_STEP, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    if (step == MAP_FAILED) break;
    zeroed += TRIM_STEP;
  }
  _exit(write(report, &zeroed, sizeof zeroed) == sizeof zeroed ? 0 : 1);
}

int memory_trim(uint64_t *zeroed, const char **what) {
  *what = "free memory";
  sync();
  file_write("/proc/sys/vm/drop_caches", "3", 1);
  int report[2];
  if (pipe2(report, O_CLOEXEC) < 0) return -errno;
  // In a child of its own, which is the one to die should memory run out after all.
  pid_t pid = fork();
  if (pid == 0) fill_and_exit(report[1]);
  close(report[1]);
  int error = pid < 0 ? -errno : 0;
  if (!error) {
    if (read(report[0], zeroed, sizeof *zeroed) != sizeof *zeroed) error = -ENOMEM;
    waitpid(pid, NULL, 0);
  }
  close(report[0]);
  return error;
}

// --- devices --------------------------------------------------------------------------------------

int devices_scan(const char **what) {
  *what = "PCI bus";
  return file_write("/sys/bus/pci/rescan", "1", 1);
}
