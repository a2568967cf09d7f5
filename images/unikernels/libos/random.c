#include <string.h>

#include "libos.h"

/* Asked for a page at a time: a call to the host for each number would cost more than the number. */
static uint8_t pool[256];
static size_t used = sizeof pool;

void random_bytes(void *buffer, size_t size) {
  uint8_t *at = buffer;
  while (size > 0) {
    size_t part = size < 65536 ? size : 65536;
    if (strata_random(at, part) != SOLO5_R_OK) give_up("The host has no random numbers");
    at += part, size -= part;
  }
}

uint32_t random_u32(void) {
  uint32_t number;
  if (used + sizeof number > sizeof pool) {
    random_bytes(pool, sizeof pool);
    used = 0;
  }
  memcpy(&number, pool + used, sizeof number);
  used += sizeof number;
  return number;
}
