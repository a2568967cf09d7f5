#include "device-filter.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "error.h"
#include "file.h"
#include "kernel.h"
#include "state.h"

enum { ANY = -1 };
enum { READ = BPF_DEVCG_ACC_READ, WRITE = BPF_DEVCG_ACC_WRITE, MAKE = BPF_DEVCG_ACC_MKNOD, ALL = READ | WRITE | MAKE };

struct rule {
  bool allow;
  // BPF_DEVCG_DEV_CHAR, _BLOCK or ANY.
  int type;
  int64_t major, minor;
  int access;
};

// What runc and crun allow every container after its own rules: nodes may be made, the usual ones used. Not 5:1, which is
// the console of the host's kernel: /dev/console of a container is its own terminal.
static const struct rule defaults[] = {
    {true, BPF_DEVCG_DEV_CHAR, ANY, ANY, MAKE}, {true, BPF_DEVCG_DEV_BLOCK, ANY, ANY, MAKE},
    {true, BPF_DEVCG_DEV_CHAR, 1, 3, ALL},      {true, BPF_DEVCG_DEV_CHAR, 1, 5, ALL},
    {true, BPF_DEVCG_DEV_CHAR, 1, 7, ALL},      {true, BPF_DEVCG_DEV_CHAR, 1, 8, ALL},
    {true, BPF_DEVCG_DEV_CHAR, 1, 9, ALL},      {true, BPF_DEVCG_DEV_CHAR, 5, 0, ALL},
    {true, BPF_DEVCG_DEV_CHAR, 5, 2, ALL},      {true, BPF_DEVCG_DEV_CHAR, 136, ANY, ALL},
};

struct program {
  struct bpf_insn *at, *end;
};

enum { R0, R1, R2, R3, R4, R5 };

static void emit(struct program *p, uint8_t code, int target, int source, int offset, int32_t value) {
  if (p->at < p->end) {
    *p->at = (struct bpf_insn){.code = code, .dst_reg = (uint8_t)target & 15, .src_reg = (uint8_t)source & 15,
                               .off = (int16_t)offset, .imm = value};
  }
  p->at++;
}

// r2: type, r3: what is wanted, r4: major, r5: minor.
static void load(struct program *p) {
  emit(p, BPF_LDX | BPF_MEM | BPF_W, R2, R1, 0, 0);
  emit(p, BPF_ALU64 | BPF_MOV | BPF_X, R3, R2, 0, 0);
  emit(p, BPF_ALU64 | BPF_AND | BPF_K, R2, 0, 0, 0xffff);
  emit(p, BPF_ALU64 | BPF_RSH | BPF_K, R3, 0, 0, 16);
  emit(p, BPF_LDX | BPF_MEM | BPF_W, R4, R1, 4, 0);
  emit(p, BPF_LDX | BPF_MEM | BPF_W, R5, R1, 8, 0);
}

static void answer(struct program *p, bool allow) {
  emit(p, BPF_ALU64 | BPF_MOV | BPF_K, R0, 0, 0, allow);
  emit(p, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
}

static void check(struct program *p, const struct rule *rule) {
  // An allowing rule fits what asks for no more than it has, a denying one whatever it has a part of.
  bool some = rule->access != ALL;
  int left = (rule->type != ANY) + (rule->major != ANY) + (rule->minor != ANY) + (some ? 3 : 0) + 2;
  if (rule->type != ANY) emit(p, BPF_JMP | BPF_JNE | BPF_K, R2, 0, --left, rule->type);
  if (some) {
    emit(p, BPF_ALU64 | BPF_MOV | BPF_X, R1, R3, 0, 0);
    emit(p, BPF_ALU64 | BPF_AND | BPF_K, R1, 0, 0, rule->allow ? ALL & ~rule->access : rule->access);
    left -= 3;
    emit(p, BPF_JMP | (rule->allow ? BPF_JNE : BPF_JEQ) | BPF_K, R1, 0, left, 0);
  }
  if (rule->major != ANY) emit(p, BPF_JMP | BPF_JNE | BPF_K, R4, 0, --left, (int32_t)rule->major);
  if (rule->minor != ANY) emit(p, BPF_JMP | BPF_JNE | BPF_K, R5, 0, --left, (int32_t)rule->minor);
  answer(p, rule->allow);
}

static int parse_rule(const struct json *item, struct rule *rule) {
  *rule = (struct rule){json_true(json_get(item, "allow")), ANY, ANY, ANY, 0};
  const char *type = json_text(json_get(item, "type"), "a"), *access = json_text(json_get(item, "access"), "rwm");
  if (*type == 'c' || *type == 'u') rule->type = BPF_DEVCG_DEV_CHAR;
  else if (*type == 'b') rule->type = BPF_DEVCG_DEV_BLOCK;
  else if (*type && *type != 'a') return fail(INVALID_ARGUMENT, "resources.devices: unknown type %s", type);
  json_int(json_get(item, "major"), &rule->major);
  json_int(json_get(item, "minor"), &rule->minor);
  if (rule->major < 0) rule->major = ANY;
  if (rule->minor < 0) rule->minor = ANY;
  for (; *access; access++) {
    if (*access == 'r') rule->access |= READ;
    else if (*access == 'w') rule->access |= WRITE;
    else if (*access == 'm') rule->access |= MAKE;
    else return fail(INVALID_ARGUMENT, "resources.devices: unknown access %c", *access);
  }
  return 0;
}

static bool fits_all(const struct rule *rule) {
  return rule->type == ANY && rule->major == ANY && rule->minor == ANY && rule->access == ALL;
}

// The last rule is asked first, so those before one that fits everything never are.
static int check_before(struct program *p, const struct json *item, bool *decided) {
  if (!item) return 0;
  if (check_before(p, item->next, decided) < 0 || *decided) return *decided ? 0 : -1;
  struct rule rule;
  if (parse_rule(item, &rule) < 0) return -1;
  if (fits_all(&rule)) {
    answer(p, rule.allow);
    *decided = true;
  } else {
    check(p, &rule);
  }
  return 0;
}

static bool allows_all(const struct json *rules) {
  const struct json *last = NULL;
  json_each(item, rules) last = item;
  struct rule rule;
  return last && parse_rule(last, &rule) == 0 && rule.allow && fits_all(&rule);
}

int device_filter_compile(const struct json *rules, struct bpf_insn *program) {
  if (allows_all(rules)) return 0;
  struct program p = {program, program + DEVICE_FILTER_MAX};
  bool decided = false;
  load(&p);
  for (size_t i = 0; i < sizeof defaults / sizeof *defaults; i++) check(&p, &defaults[i]);
  if (json_count(rules) > 256) return fail(RESOURCE_EXHAUSTED, "resources.devices has more than 256 rules");
  if (check_before(&p, rules ? rules->first : NULL, &decided) < 0) return -1;
  if (!decided) answer(&p, false);
  if (p.at > p.end) return fail(RESOURCE_EXHAUSTED, "resources.devices is too long");
  return (int)(p.at - program);
}

// --- the kernel's copy ----------------------------------------------------------------------------
// To check a program takes the kernel longer than all else that is done for a cgroup, so each is kept by what is in it.

static int bpf(int command, union bpf_attr *attributes) { return (int)syscall(SYS_bpf, command, attributes, sizeof *attributes); }

static int load_program(const struct bpf_insn *program, int length) {
  union bpf_attr attributes;
  memset(&attributes, 0, sizeof attributes);
  attributes.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
  attributes.insns = (uint64_t)(uintptr_t)program;
  attributes.insn_cnt = (uint32_t)length;
  attributes.license = (uint64_t)(uintptr_t)"GPL";
  int loaded = bpf(BPF_PROG_LOAD, &attributes);
  return loaded < 0 ? fail_os("device filter") : loaded;
}

static int kept_program(int command, const char *path, int loaded) {
  union bpf_attr attributes;
  memset(&attributes, 0, sizeof attributes);
  attributes.pathname = (uint64_t)(uintptr_t)path;
  attributes.bpf_fd = command == BPF_OBJ_PIN ? (uint32_t)loaded : 0;
  return bpf(command, &attributes);
}

static void keep_program(const char *directory, const char *path, int loaded) {
  if (kept_program(BPF_OBJ_PIN, path, loaded) == 0 || errno == EEXIST) return;
  // The first one; where there is no such file system each container has a program of its own.
  if (make_directories(directory, 0700) < 0 || mount("bpf", directory, "bpf", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=0700") < 0) return;
  kept_program(BPF_OBJ_PIN, path, loaded);
}

static int find_program(const struct bpf_insn *program, int length) {
  char directory[256], path[300];
  uint64_t hash = 14695981039346656037u;
  const uint8_t *bytes = (const uint8_t *)program;
  for (size_t i = 0; i < (size_t)length * sizeof *program; i++) hash = (hash ^ bytes[i]) * 1099511628211u;
  snprintf(directory, sizeof directory, "%s/.bpf", state_root);
  snprintf(path, sizeof path, "%s/devices-%d-%016" PRIx64, directory, length, hash);
  int loaded = kept_program(BPF_OBJ_GET, path, -1);
  if (loaded >= 0) return loaded;
  loaded = load_program(program, length);
  if (loaded >= 0) keep_program(directory, path, loaded);
  return loaded;
}

int device_filter_attach(int cgroup, const struct json *rules) {
  static struct bpf_insn program[DEVICE_FILTER_MAX];
  int length = device_filter_compile(rules, program);
  if (length <= 0) return length;
  int loaded = find_program(program, length);
  if (loaded < 0) return -1;
  union bpf_attr attributes;
  memset(&attributes, 0, sizeof attributes);
  attributes.target_fd = (uint32_t)cgroup;
  attributes.attach_bpf_fd = (uint32_t)loaded;
  attributes.attach_type = BPF_CGROUP_DEVICE;
  attributes.attach_flags = BPF_F_ALLOW_MULTI;
  int failed = bpf(BPF_PROG_ATTACH, &attributes);
  if (failed) fail_os("device filter of the cgroup");
  close(loaded);
  return failed ? -1 : 0;
}
