#include <string.h>

#include "libos.h"

static bool parse_address(struct text text, uint32_t *address) {
  uint32_t found = 0;
  for (int i = 0; i < 4; i++) {
    struct text part = i < 3 ? text_split(&text, '.') : text;
    uint64_t number;
    if (part.length > 3 || !text_number(part, 255, &number)) return false;
    found |= (uint32_t)number << (8 * i);
  }
  *address = found;
  return true;
}

bool parse_ipv4(const char *text, uint32_t *address) { return parse_address(text_of(text), address); }

bool parse_ipv4_prefix(const char *text, uint32_t *address, uint32_t *mask) {
  struct text rest = text_of(text);
  struct text host = text_split(&rest, '/');
  uint64_t length;
  if (!parse_address(host, address) || !text_number(rest, 32, &length)) return false;
  *mask = length == 0 ? 0 : __builtin_bswap32(~0u << (32 - length));
  return true;
}
