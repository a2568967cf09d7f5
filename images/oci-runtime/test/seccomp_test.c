// Reads lines { "profile": …, "calls": [[number, argument, …], …] } and writes what the compiled program answers to each
// call, as the kernel would run it.
#include <inttypes.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../error.h"
#include "../seccomp.h"
#include "../syscalls.h"

// Calls are named by their numbers here.
int syscall_number(const char *name) { return strncmp(name, "call", 4) == 0 ? atoi(name + 4) : -1; }

static uint32_t answer(const struct seccomp *seccomp, const struct seccomp_data *data) {
  uint32_t a = 0;
  for (unsigned at = 0; at < seccomp->length; at++) {
    const struct sock_filter *i = &seccomp->program[at];
    switch (i->code) {
      case BPF_LD | BPF_W | BPF_ABS: memcpy(&a, (const char *)data + i->k, 4); break;
      case BPF_ALU | BPF_AND | BPF_K: a &= i->k; break;
      case BPF_JMP | BPF_JA: at += i->k; break;
      case BPF_JMP | BPF_JEQ | BPF_K: at += a == i->k ? i->jt : i->jf; break;
      case BPF_JMP | BPF_JGE | BPF_K: at += a >= i->k ? i->jt : i->jf; break;
      case BPF_JMP | BPF_JGT | BPF_K: at += a > i->k ? i->jt : i->jf; break;
      case BPF_RET | BPF_K: return i->k;
      default: abort();
    }
  }
  abort();
}

static char line[1 << 20];

int main(void) {
  while (fgets(line, sizeof line, stdin)) {
    size_t length = strcspn(line, "\n");
    line[length] = 0;
    struct arena arena = {0};
    struct seccomp compiled;
    const struct json *root = json_parse(&arena, line, length);
    if (!root || seccomp_compile(&arena, json_get(root, "profile"), &compiled) < 0) {
      printf("error %s\n", last_error.message);
      arena_free(&arena);
      continue;
    }
    printf("%u", compiled.length);
    json_each(call, json_get(root, "calls")) {
      struct seccomp_data data = {.arch = ARCHITECTURE};
      uint64_t value = 0;
      int place = -1;
      json_each(number, call) {
        json_uint(number, &value);
        if (place < 0) data.nr = (int)value;
        else data.args[place] = value;
        place++;
      }
      printf(" %" PRIu32, compiled.length ? answer(&compiled, &data) : SECCOMP_RET_ALLOW);
    }
    puts("");
    arena_free(&arena);
  }
  return 0;
}
