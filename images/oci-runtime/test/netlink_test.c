// Reads lines of how much of an answer is there, how much there was, and what is there in hexadecimal, and says what it refuses.
#include <stdio.h>

#include "../netlink.h"

static char line[1 << 16];
static uint8_t bytes[1 << 15];

int main(void) {
  while (fgets(line, sizeof line, stdin)) {
    size_t kept, size;
    int at;
    if (sscanf(line, "%zu %zu %n", &kept, &size, &at) < 2) return 1;
    for (size_t i = 0; i < kept; i++) sscanf(line + at + 2 * i, "%2hhx", &bytes[i]);
    printf("%d\n", netlink_refusal(bytes, kept, size));
  }
  return 0;
}
