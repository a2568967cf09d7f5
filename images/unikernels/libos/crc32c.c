#include "crc32c.h"

#include <string.h>

/* Four tables take four bytes at a time: three times as fast as one table, for 3 KiB more. */
static uint32_t tables[4][256];

static void make_tables(void) {
  for (uint32_t i = 0; i < 256; i++) {
    uint32_t crc = i;
    for (int bit = 0; bit < 8; bit++) crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78 : 0);
    tables[0][i] = crc;
  }
  for (uint32_t i = 0; i < 256; i++) {
    for (int t = 1; t < 4; t++) tables[t][i] = tables[t - 1][i] >> 8 ^ tables[0][tables[t - 1][i] & 0xff];
  }
}

uint32_t crc32c(uint32_t crc, const void *bytes, size_t length) {
  if (tables[0][1] == 0) make_tables();
  const uint8_t *at = bytes;
  crc = ~crc;
  for (; length >= 4; length -= 4, at += 4) {
    uint32_t word;
    memcpy(&word, at, 4);
    crc ^= word;
    crc = tables[3][crc & 0xff] ^ tables[2][crc >> 8 & 0xff] ^ tables[1][crc >> 16 & 0xff] ^ tables[0][crc >> 24];
  }
  for (; length > 0; length--, at++) crc = crc >> 8 ^ tables[0][(crc ^ *at) & 0xff];
  return ~crc;
}
