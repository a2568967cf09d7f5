#include "utf8.h"

size_t utf8_sequence(const uint8_t *at, size_t left) {
  if (at[0] < 0x80) return at[0] >= 0x20 && at[0] != 0x7f;
  size_t length = at[0] < 0xc2 ? 0 : at[0] < 0xe0 ? 2 : at[0] < 0xf0 ? 3 : at[0] < 0xf5 ? 4 : 0;
  if (length > left) return 0;
  for (size_t i = 1; i < length; i++) {
    if ((at[i] & 0xc0) != 0x80) return 0;
  }
  if ((at[0] == 0xe0 && at[1] < 0xa0) || (at[0] == 0xed && at[1] > 0x9f)) return 0;
  if ((at[0] == 0xf0 && at[1] < 0x90) || (at[0] == 0xf4 && at[1] > 0x8f)) return 0;
  return length;
}

uint32_t utf8_read(const char *at, size_t *length) {
  const uint8_t *b = (const uint8_t *)at;
  if (b[0] < 0x80) {
    *length = 1;
    return b[0];
  }
  *length = b[0] < 0xe0 ? 2 : b[0] < 0xf0 ? 3 : 4;
  uint32_t character = b[0] & (0xffu >> (*length + 1));
  for (size_t i = 1; i < *length; i++) character = character << 6 | (b[i] & 0x3f);
  return character;
}

size_t utf8_write(uint32_t c, char bytes[4]) {
  if (c < 0x80) {
    bytes[0] = (char)c;
    return 1;
  }
  size_t length = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
  for (size_t i = length - 1; i > 0; i--, c >>= 6) bytes[i] = (char)(0x80 | (c & 0x3f));
  bytes[0] = (char)((0xf00u >> length & 0xf0) | c);
  return length;
}
