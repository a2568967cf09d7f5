/* Text: a small printf, and views of bytes. Has no part of the library OS in it, and is compiled natively for tests. */
#ifndef FORMAT_H
#define FORMAT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes of something longer; not ended by a NUL. */
struct text {
  const char *bytes;
  size_t length;
};

#define TEXT(literal) ((struct text){literal, sizeof(literal) - 1})

struct text text_of(const char *string);
bool text_is(struct text text, const char *string);
/* The same without regard to the case of ASCII letters. */
bool text_is_nocase(struct text text, const char *string);
bool text_starts(struct text text, const char *string);
struct text text_trim(struct text text);
/* Takes what is before the first `separator` off the text, and the separator; all of it when there is none. */
struct text text_split(struct text *rest, char separator);
/* Takes the first word, separated by spaces and tabs, off the text. Empty when there is none. */
struct text text_word(struct text *rest);
/* False unless all of the text is a number of at most `most`. */
bool text_number(struct text text, uint64_t most, uint64_t *number);

/*
 * Writes text ended by a NUL, cut where the buffer ends, and returns how long it is (less than `size`). Knows %s, %c, %u
 * and %d (32 bits), %U (uint64_t), %x, %02u, %t (struct text), %i (an IPv4 address in network order) and %%.
 */
size_t format(char *buffer, size_t size, const char *pattern, ...);
size_t format_list(char *buffer, size_t size, const char *pattern, va_list list);

#endif
