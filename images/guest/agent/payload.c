#include <string.h>

#include "agent.h"

const uint8_t *read_bytes(struct reader *r, size_t length) {
  if (r->failed || (size_t)(r->end - r->at) < length) {
    r->failed = true;
    return NULL;
  }
  const uint8_t *bytes = r->at;
  r->at += length;
  return bytes;
}

static void read_number(struct reader *r, void *number, size_t size) {
  const uint8_t *bytes = read_bytes(r, size);
  if (bytes) memcpy(number, bytes, size);
  else memset(number, 0, size);
}

uint8_t read_u8(struct reader *r) {
  uint8_t value;
  read_number(r, &value, sizeof value);
  return value;
}

uint16_t read_u16(struct reader *r) {
  uint16_t value;
  read_number(r, &value, sizeof value);
  return value;
}

uint32_t read_u32(struct reader *r) {
  uint32_t value;
  read_number(r, &value, sizeof value);
  return value;
}

uint64_t read_u64(struct reader *r) {
  uint64_t value;
  read_number(r, &value, sizeof value);
  return value;
}

struct text read_text(struct reader *r) {
  uint16_t length = read_u16(r);
  const uint8_t *bytes = read_bytes(r, length);
  return (struct text){(const char *)bytes, bytes ? length : 0};
}

bool read_string(struct reader *r, char *buffer, size_t size) {
  struct text text = read_text(r);
  if (r->failed || text.length >= size || memchr(text.bytes, 0, text.length)) {
    r->failed = true;
    buffer[0] = 0;
    return false;
  }
  memcpy(buffer, text.bytes, text.length);
  buffer[text.length] = 0;
  return true;
}
