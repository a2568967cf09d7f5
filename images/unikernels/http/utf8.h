/* UTF-8 (RFC 3629). No part of the library OS in it: compiled natively for tests, too. */
#ifndef HTTP_UTF8_H
#define HTTP_UTF8_H

#include <stddef.h>
#include <stdint.h>

/* Bytes of the character that begins here; 0 when there is none, or a control character of ASCII. `left` is above 0. */
size_t utf8_sequence(const uint8_t *at, size_t left);
/* The character that begins here, in text that was checked, and how many bytes it has. */
uint32_t utf8_read(const char *at, size_t *length);
/* Writes a character and returns how many bytes it has. */
size_t utf8_write(uint32_t character, char bytes[4]);

#endif
