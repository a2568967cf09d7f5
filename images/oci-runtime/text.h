// A text that grows, for JSON and lists of options. What does not fit in memory ends the program.
#ifndef STRATA_OCI_TEXT_H
#define STRATA_OCI_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct text {
  char *bytes;
  size_t length, size;
};

void text_free(struct text *text);
// The text with a zero at its end.
const char *text_end(struct text *text);
void text_bytes(struct text *text, const void *bytes, size_t length);
void text_add(struct text *text, const char *more);
void text_format(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));

// JSON: a string with its quotes; a member's name with its colon, and a comma before it unless it is the first.
void text_string(struct text *text, const char *string);
void text_key(struct text *text, const char *name);
void text_comma(struct text *text);
void text_member(struct text *text, const char *name, const char *string);
void text_number(struct text *text, const char *name, int64_t number);
void text_flag(struct text *text, const char *name, bool flag);

#endif
