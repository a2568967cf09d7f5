/* What lwIP wants to know of the compiler and the machine. */
#ifndef STRATA_LWIP_CC_H
#define STRATA_LWIP_CC_H

#include <stdint.h>
#include <stdlib.h>
#include <sys/time.h>

/* From the host's random numbers: ports, identifiers of DNS and DHCP, initial sequence numbers. */
uint32_t random_u32(void);
uint16_t internet_sum(const void *bytes, int length);

#define LWIP_TIMEVAL_PRIVATE 0
#define LWIP_RAND() random_u32()
#define LWIP_CHKSUM internet_sum
#define LWIP_PLATFORM_DIAG(message) \
  do {                              \
  } while (0)
#define LWIP_PLATFORM_ASSERT(message) __builtin_trap()

#endif
