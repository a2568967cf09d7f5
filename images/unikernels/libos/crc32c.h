/* CRC-32C (RFC 3720, appendix B.4). Compiled natively for tests, too. */
#ifndef CRC32C_H
#define CRC32C_H

#include <stddef.h>
#include <stdint.h>

/* Goes on from what it returned for the bytes before; from 0 at first. */
uint32_t crc32c(uint32_t crc, const void *bytes, size_t length);

#endif
