#include "capabilities.h"

#include <errno.h>
#include <linux/capability.h>
#include <string.h>
#include <strings.h>
#include <sys/prctl.h>

#include "error.h"
#include "kernel.h"

static const char *const names[] = {
    "CHOWN",          "DAC_OVERRIDE",  "DAC_READ_SEARCH", "FOWNER",        "FSETID",
    "KILL",           "SETGID",        "SETUID",          "SETPCAP",       "LINUX_IMMUTABLE",
    "NET_BIND_SERVICE", "NET_BROADCAST", "NET_ADMIN",     "NET_RAW",       "IPC_LOCK",
    "IPC_OWNER",      "SYS_MODULE",    "SYS_RAWIO",       "SYS_CHROOT",    "SYS_PTRACE",
    "SYS_PACCT",      "SYS_ADMIN",     "SYS_BOOT",        "SYS_NICE",      "SYS_RESOURCE",
    "SYS_TIME",       "SYS_TTY_CONFIG", "MKNOD",          "LEASE",         "AUDIT_WRITE",
    "AUDIT_CONTROL",  "SETFCAP",       "MAC_OVERRIDE",    "MAC_ADMIN",     "SYSLOG",
    "WAKE_ALARM",     "BLOCK_SUSPEND", "AUDIT_READ",      "PERFMON",       "BPF",
    "CHECKPOINT_RESTORE",
};

#define COUNT ((int)(sizeof names / sizeof *names))

static int parse_set(const struct json *object, const char *key, uint64_t *set) {
  *set = 0;
  json_each(item, json_get(object, key)) {
    const char *name = json_text(item, "");
    const char *bare = strncasecmp(name, "CAP_", 4) == 0 ? name + 4 : name;
    int number = 0;
    while (number < COUNT && strcasecmp(bare, names[number]) != 0) number++;
    if (number == COUNT) return fail(INVALID_ARGUMENT, "Unknown capability %s", name);
    *set |= 1ull << number;
  }
  return 0;
}

int capabilities_parse(const struct json *object, struct capabilities *sets) {
  return parse_set(object, "bounding", &sets->bounding) < 0 || parse_set(object, "effective", &sets->effective) < 0 ||
                 parse_set(object, "permitted", &sets->permitted) < 0 ||
                 parse_set(object, "inheritable", &sets->inheritable) < 0 ||
                 parse_set(object, "ambient", &sets->ambient) < 0
             ? -1
             : 0;
}

int capabilities_bound(const struct capabilities *sets) {
  for (int number = 0; number < 64; number++) {
    if (sets->bounding >> number & 1) continue;
    // The first number beyond the kernel's last.
    if (prctl(PR_CAPBSET_DROP, number, 0, 0, 0) < 0) return errno == EINVAL ? 0 : fail_os("bounding capabilities");
  }
  return 0;
}

int capabilities_set(const struct capabilities *sets) {
  struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  struct __user_cap_data_struct data[2];
  for (int i = 0; i < 2; i++) {
    data[i].effective = (uint32_t)(sets->effective >> 32 * i);
    data[i].permitted = (uint32_t)(sets->permitted >> 32 * i);
    data[i].inheritable = (uint32_t)(sets->inheritable >> 32 * i);
  }
  if (syscall(SYS_capset, &header, data) < 0) return fail_os("capabilities");
  prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  for (int number = 0; number < COUNT; number++) {
    if (!(sets->ambient >> number & 1)) continue;
    // As with runc: what is not permitted and inheritable cannot be ambient, and is left out.
    if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, number, 0, 0) < 0 && errno != EPERM) {
      return fail_os("ambient capability CAP_%s", names[number]);
    }
  }
  return 0;
}

void capabilities_write(struct text *out, uint64_t set) {
  text_add(out, "[");
  for (int number = 0; number < COUNT; number++) {
    if (!(set >> number & 1)) continue;
    text_comma(out);
    text_format(out, "\"CAP_%s\"", names[number]);
  }
  text_add(out, "]");
}
