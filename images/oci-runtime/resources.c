// `linux.resources` of config.json as the files of cgroup v2 (runtime-spec, config-linux.md).
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cgroup.h"
#include "error.h"
#include "file.h"

enum missing { MISSING_FAILS, MISSING_IS_FINE };

static int put(int cgroup, const char *file, const char *value, enum missing missing) {
  if (file_poke(cgroup, file, value) == 0 || (missing == MISSING_IS_FINE && errno == ENOENT)) return 0;
  return fail_os("%s = %s", file, value);
}

static int put_number(int cgroup, const char *file, int64_t value, enum missing missing) {
  char text[24];
  snprintf(text, sizeof text, value < 0 ? "max" : "%" PRId64, value);
  return put(cgroup, file, text, missing);
}

static bool number(const struct json *object, const char *key, int64_t *value) {
  return json_int(json_get(object, key), value);
}

static int limit_memory(int cgroup, const struct json *memory) {
  int64_t limit = -1, swap, low;
  bool limited = number(memory, "limit", &limit) && limit != 0;
  if (number(memory, "swap", &swap) && swap != 0) {
    // There both together are meant, in the kernel swap alone. A kernel without swap has no such file.
    if (swap > 0 && (!limited || limit < 0 || swap < limit)) {
      return fail(INVALID_ARGUMENT, "memory.swap %" PRId64 " needs a memory.limit that is not more", swap);
    }
    if (put_number(cgroup, "memory.swap.max", swap < 0 ? -1 : swap - limit, MISSING_IS_FINE) < 0) return -1;
  }
  if (number(memory, "reservation", &low) && low != 0) {
    // "max" would protect all of it.
    if (put_number(cgroup, "memory.low", low < 0 ? 0 : low, MISSING_FAILS) < 0) return -1;
  }
  return limited ? put_number(cgroup, "memory.max", limit, MISSING_FAILS) : 0;
}

static int limit_cpu(int cgroup, const struct json *cpu) {
  int64_t shares, quota = 0, period = 0, idle;
  if (number(cpu, "shares", &shares) && shares != 0) {
    // 2 to 262144 become 1 to 10000, as runc and crun do it.
    int64_t weight = shares < 2 ? 1 : shares > 262144 ? 10000 : 1 + (shares - 2) * 9999 / 262142;
    if (put_number(cgroup, "cpu.weight", weight, MISSING_FAILS) < 0) return -1;
  }
  if (number(cpu, "idle", &idle) && put_number(cgroup, "cpu.idle", idle, MISSING_FAILS) < 0) return -1;
  bool has_quota = number(cpu, "quota", &quota) && quota != 0, has_period = number(cpu, "period", &period) && period != 0;
  if (has_quota || has_period) {
    char text[64], limit[24] = "max";
    if (quota > 0) snprintf(limit, sizeof limit, "%" PRId64, quota);
    snprintf(text, sizeof text, "%s %" PRId64, limit, has_period ? period : 100000);
    if (put(cgroup, "cpu.max", text, MISSING_FAILS) < 0) return -1;
  }
  const char *cpus = json_text(json_get(cpu, "cpus"), ""), *mems = json_text(json_get(cpu, "mems"), "");
  if (*cpus && put(cgroup, "cpuset.cpus", cpus, MISSING_FAILS) < 0) return -1;
  return *mems ? put(cgroup, "cpuset.mems", mems, MISSING_FAILS) : 0;
}

static int limit_io(int cgroup, const struct json *io) {
  static const char *const kinds[][2] = {{"throttleReadBpsDevice", "rbps"},
                                         {"throttleWriteBpsDevice", "wbps"},
                                         {"throttleReadIOPSDevice", "riops"},
                                         {"throttleWriteIOPSDevice", "wiops"}};
  int64_t weight;
  // Its scheduler is not in every kernel, and docker only warns then.
  if (number(io, "weight", &weight) && weight != 0 && put_number(cgroup, "io.bfq.weight", weight, MISSING_IS_FINE) < 0) {
    return -1;
  }
  for (int i = 0; i < 4; i++) {
    json_each(item, json_get(io, kinds[i][0])) {
      int64_t major, minor, rate;
      if (!number(item, "major", &major) || !number(item, "minor", &minor) || !number(item, "rate", &rate)) {
        return fail(INVALID_ARGUMENT, "blockIO.%s needs major, minor and rate", kinds[i][0]);
      }
      char text[96], limit[24] = "max";
      if (rate > 0) snprintf(limit, sizeof limit, "%" PRId64, rate);
      snprintf(text, sizeof text, "%" PRId64 ":%" PRId64 " %s=%s", major, minor, kinds[i][1], limit);
      if (put(cgroup, "io.max", text, MISSING_FAILS) < 0) return -1;
    }
  }
  return 0;
}

int cgroup_limit(int cgroup, const struct json *resources) {
  int64_t pids;
  if (limit_memory(cgroup, json_get(resources, "memory")) < 0 || limit_cpu(cgroup, json_get(resources, "cpu")) < 0 ||
      limit_io(cgroup, json_get(resources, "blockIO")) < 0) {
    return -1;
  }
  if (number(json_get(resources, "pids"), "limit", &pids) && pids != 0 &&
      put_number(cgroup, "pids.max", pids, MISSING_FAILS) < 0) {
    return -1;
  }
  json_each(item, json_get(resources, "unified")) {
    if (strchr(item->key, '/') || !json_is(item, JSON_STRING)) {
      return fail(INVALID_ARGUMENT, "unified: %s is no file of a cgroup with a text", item->key);
    }
    if (put(cgroup, item->key, item->text, MISSING_FAILS) < 0) return -1;
  }
  return 0;
}
