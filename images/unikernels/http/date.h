#ifndef HTTP_DATE_H
#define HTTP_DATE_H

#include <stdint.h>

#define HTTP_DATE_SIZE 30

/* Seconds since the epoch as HTTP has dates (RFC 9110, 5.6.7): "Sun, 06 Nov 1994 08:49:37 GMT". */
void http_date(uint64_t seconds, char buffer[HTTP_DATE_SIZE]);

#endif
