// STATS: counters of the machine, and of one cgroup when asked. Each is a u64, in this order:
// cpu microseconds, memory total, memory available, received bytes, sent bytes, received packets,
// sent packets, bytes read, bytes written, processes; then with a cgroup:
// cpu microseconds, memory in use, memory limit (all ones: none), processes, bytes read, bytes written.
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent.h"

#define CGROUP_ROOT "/sys/fs/cgroup"
// The kernel counts in sectors of this size, whatever the disk's own.
#define SECTOR 512u
// /proc/stat counts in hundredths of a second (USER_HZ).
#define MICROS_PER_TICK 10000u

static char text[32768];

static uint64_t next_number(char **at) { return strtoull(*at, at, 10); }

// The number behind `key` at the beginning of a line of `text`; 0 when there is none.
static uint64_t value_of(const char *key) {
  size_t length = strlen(key);
  for (char *line = text; line; line = strchr(line, '\n')) {
    if (*line == '\n') line++;
    if (strncmp(line, key, length) == 0) return strtoull(line + length, NULL, 10);
  }
  return 0;
}

// The sum over `text` of the numbers behind every `key`.
static uint64_t sum_of(const char *key) {
  uint64_t sum = 0;
  size_t length = strlen(key);
  for (const char *at = text; (at = strstr(at, key)); at += length) sum += strtoull(at + length, NULL, 10);
  return sum;
}

static uint64_t cpu_micros(void) {
  if (file_read("/proc/stat", text, sizeof text) < 0) return 0;
  char *at = text + strlen("cpu");
  uint64_t field[8];
  for (int i = 0; i < 8; i++) field[i] = next_number(&at);
  // user, nice, system, -idle-, -iowait-, irq, softirq, steal (man 5 proc).
  uint64_t ticks = field[0] + field[1] + field[2] + field[5] + field[6] + field[7];
  return ticks * MICROS_PER_TICK;
}

static void read_memory(uint64_t *total, uint64_t *available) {
  if (file_read("/proc/meminfo", text, sizeof text) < 0) return;
  *total = value_of("MemTotal:") * 1024;
  *available = value_of("MemAvailable:") * 1024;
}

// Sums over all interfaces but lo: received bytes, sent bytes, received packets, sent packets.
static void read_network(uint64_t sums[4]) {
  if (file_read("/proc/net/dev", text, sizeof text) < 0) return;
  for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
    char *colon = strchr(line, ':');
    line += strspn(line, " ");
    if (!colon || strncmp(line, "lo:", 3) == 0) continue;
    char *at = colon + 1;
    uint64_t field[16];
    for (int i = 0; i < 16; i++) field[i] = next_number(&at);
    sums[0] += field[0], sums[1] += field[8], sums[2] += field[1], sums[3] += field[9];
  }
}

// A partition's transfers are counted for its disk too.
static bool is_partition(const char *name) {
  char path[128];
  snprintf(path, sizeof path, "/sys/class/block/%s/partition", name);
  char number[8];
  return file_read(path, number, sizeof number) > 0;
}

static void read_disks(uint64_t *bytes_read, uint64_t *bytes_written) {
  if (file_read("/proc/diskstats", text, sizeof text) < 0) return;
  for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
    char name[64];
    unsigned long long sectors_read, sectors_written;
    int got = sscanf(line, "%*u %*u %63s %*u %*u %llu %*u %*u %*u %llu", name, &sectors_read, &sectors_written);
    // A loop device's transfers are counted for what it lies on.
    if (got != 3 || strncmp(name, "loop", 4) == 0 || (sectors_read + sectors_written && is_partition(name))) continue;
    *bytes_read += sectors_read * SECTOR;
    *bytes_written += sectors_written * SECTOR;
  }
}

static uint64_t count_processes(void) {
  DIR *proc = opendir("/proc");
  if (!proc) return 0;
  uint64_t count = 0;
  for (struct dirent *entry; (entry = readdir(proc));) count += isdigit((unsigned char)entry->d_name[0]) != 0;
  closedir(proc);
  return count;
}

static bool read_cgroup_file(const char *cgroup, const char *name) {
  char path[512];
  int length = snprintf(path, sizeof path, CGROUP_ROOT "/%s/%s", cgroup, name);
  text[0] = 0;
  return length < (int)sizeof path && file_read(path, text, sizeof text) >= 0;
}

static int read_cgroup(const char *cgroup, uint64_t *numbers) {
  if (strstr(cgroup, "..")) return -EINVAL;
  if (!read_cgroup_file(cgroup, "cpu.stat")) return -ENOENT;
  numbers[0] = value_of("usage_usec ");
  // Files that the root cgroup lacks read as zero.
  numbers[1] = read_cgroup_file(cgroup, "memory.current") ? strtoull(text, NULL, 10) : 0;
  numbers[2] = read_cgroup_file(cgroup, "memory.max") && isdigit((unsigned char)text[0]) ? strtoull(text, NULL, 10) : UINT64_MAX;
  numbers[3] = read_cgroup_file(cgroup, "pids.current") ? strtoull(text, NULL, 10) : 0;
  bool io = read_cgroup_file(cgroup, "io.stat");
  numbers[4] = io ? sum_of("rbytes=") : 0;
  numbers[5] = io ? sum_of("wbytes=") : 0;
  return 0;
}

int stats_read(const char *cgroup, uint64_t *reply, uint32_t *length, const char **what) {
  memset(reply, 0, STATS_MAX * sizeof *reply);
  reply[0] = cpu_micros();
  read_memory(&reply[1], &reply[2]);
  read_network(&reply[3]);
  read_disks(&reply[7], &reply[8]);
  reply[9] = count_processes();
  *length = 10 * sizeof *reply;
  if (!*cgroup) return 0;
  *what = cgroup;
  *length = 16 * sizeof *reply;
  return read_cgroup(cgroup, &reply[10]);
}
