/* Numbers in records and keys. */
#ifndef SEARCH_BYTES_H
#define SEARCH_BYTES_H

#include <stddef.h>
#include <stdint.h>

/* A varint (LEB128): at most 5 bytes. Returns how many. */
static inline size_t put_varint(uint8_t *to, uint32_t value) {
  size_t length = 0;
  for (; value >= 0x80; value >>= 7) to[length++] = (uint8_t)(value | 0x80);
  to[length++] = (uint8_t)value;
  return length;
}

static inline uint32_t get_varint(const uint8_t **from) {
  uint32_t value = 0;
  for (int shift = 0;; shift += 7) {
    uint8_t byte = *(*from)++;
    value |= (uint32_t)(byte & 0x7f) << shift;
    if (byte < 0x80 || shift == 28) return value;
  }
}

/* Big-endian, so that keys sort as their numbers do. */
static inline void put_u32(void *to, uint32_t value) {
  uint8_t *bytes = to;
  for (int i = 3; i >= 0; i--, value >>= 8) bytes[i] = (uint8_t)value;
}

static inline uint32_t get_u32(const void *from) {
  const uint8_t *b = from;
  return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

static inline void put_u16(void *to, uint16_t value) {
  uint8_t *bytes = to;
  bytes[0] = (uint8_t)(value >> 8);
  bytes[1] = (uint8_t)value;
}

static inline uint16_t get_u16(const void *from) {
  const uint8_t *b = from;
  return (uint16_t)(b[0] << 8 | b[1]);
}

#endif
