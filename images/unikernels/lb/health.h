#ifndef LB_HEALTH_H
#define LB_HEALTH_H

#include <stdint.h>

/*
 * Asks each backend every `interval` milliseconds: whether it takes a connection, or, with a path, whether it answers a
 * GET of it with a status from 200 to 399. It has as long for it as the interval is.
 */
void health_start(uint32_t interval, const char *path);

#endif
