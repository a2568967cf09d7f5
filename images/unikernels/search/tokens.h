/*
 * Text into words, in the manner of Unicode's word boundaries (UAX #29) and in lower case. A word is a run of letters,
 * digits, marks and underscores, of any script; "." and apostrophes between letters and "." and "," between digits belong
 * to it; an ideograph or a character of Hiragana is a word of its own. Longer words than TOKEN_LIMIT bytes are cut. No
 * part of the library OS in it: compiled natively for tests, too.
 */
#ifndef SEARCH_TOKENS_H
#define SEARCH_TOKENS_H

#include "../libos/format.h"

#define TOKEN_LIMIT 255

/* Takes the next word off a text that is UTF-8; false when there is none. */
bool token_next(struct text *rest, char word[TOKEN_LIMIT], size_t *length);

/* Of one character: Latin, Greek, Cyrillic, Armenian and full-width letters; every other stays as it is. */
uint32_t lower_case(uint32_t character);

#endif
