// Every call becomes an interval of numbers with what happens to it; neighbours with the same fate are one interval; a
// balanced tree of comparisons finds the interval, in 7 steps for Docker's default profile.
#include "seccomp.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

#include "error.h"
#include "file.h"
#include "kernel.h"
#include "syscalls.h"

#if defined ARCHITECTURE
// A test chooses.
#elif defined __i386__
#define ARCHITECTURE AUDIT_ARCH_I386
#else
#define ARCHITECTURE AUDIT_ARCH_X86_64
// Numbers from here on are the x32 ABI's.
#define FOREIGN_NUMBERS 0x40000000u
#endif

#define MAX_PROGRAM 4096
#define MAX_ARGUMENTS 6

struct condition {
  unsigned index;
  uint64_t value, second;
  enum { EQ, NE, LT, LE, GT, GE, MASKED } comparison;
};

struct rule {
  uint32_t action;
  unsigned count;
  struct condition conditions[MAX_ARGUMENTS];
  struct rule *next;
};

// What happens to calls from `first` on: the rules with conditions in turn, then `action`.
struct interval {
  uint32_t first, action;
  const struct rule *rules;
};

struct call {
  uint32_t number, action;
  bool has_action;
  struct rule *rules;
};

// --- reading --------------------------------------------------------------------------------------

static int parse_action(const struct json *name, const struct json *number, uint32_t *action) {
  static const struct {
    const char *name;
    uint32_t action;
  } actions[] = {
      {"SCMP_ACT_ALLOW", SECCOMP_RET_ALLOW},
      {"SCMP_ACT_ERRNO", SECCOMP_RET_ERRNO},
      {"SCMP_ACT_KILL", SECCOMP_RET_KILL_THREAD},
      {"SCMP_ACT_KILL_THREAD", SECCOMP_RET_KILL_THREAD},
      {"SCMP_ACT_KILL_PROCESS", SECCOMP_RET_KILL_PROCESS},
      {"SCMP_ACT_TRAP", SECCOMP_RET_TRAP},
      {"SCMP_ACT_TRACE", SECCOMP_RET_TRACE},
      {"SCMP_ACT_LOG", SECCOMP_RET_LOG},
  };
  const char *text = json_text(name, "");
  int64_t data = EPERM;
  if (number && (!json_int(number, &data) || data < 0 || data > 0xffff)) {
    return fail(INVALID_ARGUMENT, "seccomp: an errnoRet that is no number of an error");
  }
  for (size_t i = 0; i < sizeof actions / sizeof *actions; i++) {
    if (strcmp(text, actions[i].name) != 0) continue;
    *action = actions[i].action;
    if (*action == SECCOMP_RET_ERRNO || *action == SECCOMP_RET_TRACE) *action |= (uint32_t)data & SECCOMP_RET_DATA;
    return 0;
  }
  return fail(strcmp(text, "SCMP_ACT_NOTIFY") == 0 ? UNIMPLEMENTED : INVALID_ARGUMENT, "seccomp: unknown action %s", text);
}

static int parse_condition(const struct json *item, struct condition *condition) {
  static const char *const comparisons[] = {"SCMP_CMP_EQ", "SCMP_CMP_NE", "SCMP_CMP_LT",       "SCMP_CMP_LE",
                                            "SCMP_CMP_GT", "SCMP_CMP_GE", "SCMP_CMP_MASKED_EQ"};
  uint64_t index;
  *condition = (struct condition){0};
  if (!json_uint(json_get(item, "index"), &index) || index >= MAX_ARGUMENTS ||
      !json_uint(json_get(item, "value"), &condition->value)) {
    return fail(INVALID_ARGUMENT, "seccomp: an argument needs an index from 0 to 5 and a value");
  }
  condition->index = (unsigned)index;
  json_uint(json_get(item, "valueTwo"), &condition->second);
  const char *name = json_text(json_get(item, "op"), "");
  for (int i = 0; i <= MASKED; i++) {
    if (strcmp(name, comparisons[i]) != 0) continue;
    condition->comparison = i;
    return 0;
  }
  return fail(INVALID_ARGUMENT, "seccomp: unknown comparison %s", name);
}

static void add_rule(struct arena *arena, struct call *call, const struct rule *rule) {
  struct rule **last = &call->rules;
  while (*last) last = &(*last)->next;
  *last = arena_alloc(arena, sizeof **last);
  **last = *rule;
}

// Two conditions on one argument cannot be in one rule of libseccomp's, and then either is enough (runc does so too).
static bool names_twice(const struct rule *rule) {
  unsigned seen = 0;
  for (unsigned i = 0; i < rule->count; i++) {
    if (seen >> rule->conditions[i].index & 1) return true;
    seen |= 1u << rule->conditions[i].index;
  }
  return false;
}

static void add_to_call(struct arena *arena, struct call *call, const struct rule *rule) {
  if (rule->count == 0) {
    if (!call->has_action) call->action = rule->action;
    call->has_action = true;
    return;
  }
  if (!names_twice(rule)) {
    add_rule(arena, call, rule);
    return;
  }
  for (unsigned i = 0; i < rule->count; i++) {
    struct rule single = {.action = rule->action, .count = 1};
    single.conditions[0] = rule->conditions[i];
    add_rule(arena, call, &single);
  }
}

static int compare_calls(const void *a, const void *b) {
  uint32_t left = ((const struct call *)a)->number, right = ((const struct call *)b)->number;
  return left < right ? -1 : left > right;
}

struct profile {
  uint32_t action;
  struct call *calls;
  size_t count;
};

// Calls are found by number: there are some hundred numbers, and a byte or two for each.
#define MAX_NUMBER 1024

static int parse_entry(struct arena *arena, const struct json *entry, struct profile *profile, uint16_t *places) {
  struct rule rule = {0};
  if (parse_action(json_get(entry, "action"), json_get(entry, "errnoRet"), &rule.action) < 0) return -1;
  const struct json *conditions = json_get(entry, "args");
  if (json_count(conditions) > MAX_ARGUMENTS) return fail(INVALID_ARGUMENT, "seccomp: more than 6 args");
  json_each(item, conditions) {
    if (parse_condition(item, &rule.conditions[rule.count++]) < 0) return -1;
  }
  // What happens anyway needs no rule.
  if (rule.action == profile->action) return 0;
  json_each(item, json_get(entry, "names")) {
    int number = syscall_number(json_text(item, ""));
    if (number < 0 || number >= MAX_NUMBER) continue;
    if (places[number] == 0) {
      profile->calls[profile->count++] = (struct call){.number = (uint32_t)number, .action = profile->action};
      places[number] = (uint16_t)profile->count;
    }
    add_to_call(arena, &profile->calls[places[number] - 1], &rule);
  }
  return 0;
}

static int parse_profile(struct arena *arena, const struct json *object, struct profile *profile) {
  if (parse_action(json_get(object, "defaultAction"), json_get(object, "defaultErrnoRet"), &profile->action) < 0) return -1;
  profile->calls = arena_alloc(arena, MAX_NUMBER * sizeof(struct call));
  uint16_t places[MAX_NUMBER] = {0};
  json_each(entry, json_get(object, "syscalls")) {
    if (parse_entry(arena, entry, profile, places) < 0) return -1;
  }
  qsort(profile->calls, profile->count, sizeof(struct call), compare_calls);
  return 0;
}

// --- intervals ------------------------------------------------------------------------------------

// What begins where the last one begins takes its place; what is as the one before becomes a part of it.
static size_t add_interval(struct interval *intervals, size_t count, struct interval next) {
  if (count > 0 && intervals[count - 1].first == next.first) count--;
  const struct interval *last = count > 0 ? &intervals[count - 1] : NULL;
  if (last && !last->rules && !next.rules && last->action == next.action) return count;
  intervals[count] = next;
  return count + 1;
}

static size_t make_intervals(const struct profile *profile, struct interval *intervals) {
  size_t count = add_interval(intervals, 0, (struct interval){0, profile->action, NULL});
  for (size_t i = 0; i < profile->count; i++) {
    const struct call *call = &profile->calls[i];
    count = add_interval(intervals, count, (struct interval){call->number, call->action, call->rules});
    count = add_interval(intervals, count, (struct interval){call->number + 1, profile->action, NULL});
  }
  return count;
}

// --- the program, from its end to its beginning, so that every jump knows how far it goes ---------

struct code {
  struct sock_filter *program;
  // How many instructions there are, counted from the end; more than fit when it is too long.
  unsigned length;
};

static unsigned emit(struct code *c, uint16_t code, uint8_t yes, uint8_t no, uint32_t value) {
  if (c->length < MAX_PROGRAM) c->program[MAX_PROGRAM - 1 - c->length] = (struct sock_filter){code, yes, no, value};
  return ++c->length;
}

// To where `target` was the length just after it was emitted.
static unsigned distance(const struct code *c, unsigned target) { return c->length - target; }

static unsigned emit_return(struct code *c, uint32_t action) { return emit(c, BPF_RET | BPF_K, 0, 0, action); }

// A conditional jump; targets too far for its byte get a jump of their own in between.
static unsigned emit_branch(struct code *c, uint16_t code, uint32_t value, unsigned yes, unsigned no) {
  if (distance(c, no) > 254) no = emit(c, BPF_JMP | BPF_JA, 0, 0, distance(c, no));
  if (distance(c, yes) > 255) yes = emit(c, BPF_JMP | BPF_JA, 0, 0, distance(c, yes));
  return emit(c, BPF_JMP | code | BPF_K, (uint8_t)distance(c, yes), (uint8_t)distance(c, no), value);
}

static unsigned emit_load(struct code *c, size_t offset) { return emit(c, BPF_LD | BPF_W | BPF_ABS, 0, 0, (uint32_t)offset); }

#define ARGUMENT(index) (offsetof(struct seccomp_data, args) + (index) * sizeof(uint64_t))

// On 32 bits an argument is its lower half, and so are the values it is compared with, as libseccomp does it.
static unsigned emit_condition(struct code *c, const struct condition *k, unsigned yes, unsigned no) {
  uint32_t low = (uint32_t)k->value, high = (uint32_t)(k->value >> 32);
  uint32_t second = (uint32_t)k->second, second_high = (uint32_t)(k->second >> 32);
  bool wide = ARCHITECTURE != AUDIT_ARCH_I386;
  bool inverted = k->comparison == NE || k->comparison == LT || k->comparison == LE;
  if (inverted) {
    unsigned swap = yes;
    yes = no;
    no = swap;
  }
  switch (k->comparison) {
    case EQ:
    case NE: emit_branch(c, BPF_JEQ, low, yes, no); break;
    case MASKED:
      emit_branch(c, BPF_JEQ, second & low, yes, no);
      emit(c, BPF_ALU | BPF_AND | BPF_K, 0, 0, low);
      break;
    // Neither less: greater or equal, the other way round. Nor less or equal: greater.
    case LT:
    case GE: emit_branch(c, BPF_JGE, low, yes, no); break;
    default: emit_branch(c, BPF_JGT, low, yes, no); break;
  }
  unsigned start = emit_load(c, ARGUMENT(k->index));
  if (!wide) return start;
  unsigned lower = start;
  switch (k->comparison) {
    case EQ:
    case NE: emit_branch(c, BPF_JEQ, high, lower, no); break;
    case MASKED:
      emit_branch(c, BPF_JEQ, second_high & high, lower, no);
      emit(c, BPF_ALU | BPF_AND | BPF_K, 0, 0, high);
      break;
    default: {
      unsigned equal = emit_branch(c, BPF_JEQ, high, lower, no);
      emit_branch(c, BPF_JGT, high, yes, equal);
    }
  }
  return emit_load(c, ARGUMENT(k->index) + 4);
}

// One rule after the other; the first whose conditions all hold decides.
static unsigned emit_rules(struct code *c, const struct rule *rule, unsigned otherwise) {
  if (!rule) return otherwise;
  unsigned next = emit_rules(c, rule->next, otherwise);
  unsigned yes = emit_return(c, rule->action);
  for (unsigned i = rule->count; i-- > 0;) yes = emit_condition(c, &rule->conditions[i], yes, next);
  return yes;
}

static unsigned emit_interval(struct code *c, const struct interval *interval) {
  return emit_rules(c, interval->rules, emit_return(c, interval->action));
}

// The accumulator has the number.
static unsigned emit_tree(struct code *c, const struct interval *intervals, size_t count) {
  if (count == 1) return emit_interval(c, intervals);
  size_t middle = count / 2;
  unsigned above = emit_tree(c, intervals + middle, count - middle);
  unsigned below = emit_tree(c, intervals, middle);
  return emit_branch(c, BPF_JGE, intervals[middle].first, above, below);
}

static void emit_all(struct code *c, const struct interval *intervals, size_t count) {
  unsigned foreign = emit_return(c, SECCOMP_RET_KILL_PROCESS);
  unsigned tree = emit_tree(c, intervals, count);
#ifdef FOREIGN_NUMBERS
  tree = emit_branch(c, BPF_JGE, FOREIGN_NUMBERS, foreign, tree);
#endif
  tree = emit_load(c, offsetof(struct seccomp_data, nr));
  emit_branch(c, BPF_JEQ, ARCHITECTURE, tree, foreign);
  emit_load(c, offsetof(struct seccomp_data, arch));
}

// --- all together ---------------------------------------------------------------------------------

static int parse_flags(const struct json *list, unsigned *flags) {
  json_each(item, list) {
    const char *name = json_text(item, "");
    if (strcmp(name, "SECCOMP_FILTER_FLAG_LOG") == 0) *flags |= SECCOMP_FILTER_FLAG_LOG;
    else if (strcmp(name, "SECCOMP_FILTER_FLAG_SPEC_ALLOW") == 0) *flags |= SECCOMP_FILTER_FLAG_SPEC_ALLOW;
    else if (strcmp(name, "SECCOMP_FILTER_FLAG_TSYNC") != 0) return fail(INVALID_ARGUMENT, "seccomp: unknown flag %s", name);
  }
  return 0;
}

int seccomp_compile(struct arena *arena, const struct json *object, struct seccomp *result) {
  struct profile profile = {0};
  *result = (struct seccomp){0};
  if (parse_flags(json_get(object, "flags"), &result->flags) < 0 || parse_profile(arena, object, &profile) < 0) return -1;
  if (profile.count == 0 && profile.action == SECCOMP_RET_ALLOW) return 0;
  struct interval *intervals = arena_alloc(arena, (2 * profile.count + 1) * sizeof *intervals);
  size_t count = make_intervals(&profile, intervals);
  struct code c = {arena_alloc(arena, MAX_PROGRAM * sizeof(struct sock_filter)), 0};
  emit_all(&c, intervals, count);
  if (c.length > MAX_PROGRAM) return fail(RESOURCE_EXHAUSTED, "seccomp: the profile needs %u instructions of %d", c.length, MAX_PROGRAM);
  result->program = c.program + MAX_PROGRAM - c.length;
  result->length = (unsigned short)c.length;
  return 0;
}

int seccomp_read(struct arena *arena, const char *path, struct seccomp *result) {
  size_t size;
  *result = (struct seccomp){.program = (void *)file_read(arena, AT_FDCWD, path, &size)};
  if (!result->program) return -1;
  size_t length = size / sizeof(struct sock_filter);
  if (size % sizeof(struct sock_filter) != 0 || length > MAX_PROGRAM) {
    return fail(INVALID_ARGUMENT, "%s is no seccomp program", path);
  }
  result->length = (unsigned short)length;
  return 0;
}

int seccomp_apply(const struct seccomp *seccomp) {
  if (seccomp->length == 0) return 0;
  struct sock_fprog program = {seccomp->length, seccomp->program};
  if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, seccomp->flags, &program) == 0) return 0;
  return fail_os("seccomp");
}
