/* The Internet checksum (RFC 1071), 8 bytes at a time: half of what a small packet costs is spent here. */
#include <stdint.h>
#include <string.h>

#include "arch/cc.h"

uint16_t internet_sum(const void *bytes, int length) {
  const uint8_t *at = bytes;
  uint64_t sum = 0;
  for (; length >= 8; length -= 8, at += 8) {
    uint64_t word;
    memcpy(&word, at, 8);
    sum += (word & 0xffffffff) + (word >> 32);
  }
  if (length & 4) {
    uint32_t word;
    memcpy(&word, at, 4);
    sum += word;
    at += 4;
  }
  if (length & 2) {
    uint16_t word;
    memcpy(&word, at, 2);
    sum += word;
    at += 2;
  }
  if (length & 1) sum += *at;
  sum = (sum & 0xffffffff) + (sum >> 32);
  sum = (sum & 0xffff) + (sum >> 16);
  sum = (sum & 0xffff) + (sum >> 16);
  sum = (sum & 0xffff) + (sum >> 16);
  return (uint16_t)sum;
}
