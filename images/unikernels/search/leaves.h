/* The values of a document: everything in it that is no array and no object. */
#ifndef SEARCH_LEAVES_H
#define SEARCH_LEAVES_H

#include "../http/json_read.h"
#include "catalog.h"
#include "recent.h"

/* `path` is the names that lead to it, with dots between. The elements of an array have its path. */
typedef bool (*leaf_visitor)(void *context, struct text path, struct json_value value);
bool leaves_visit(struct json_value object, leaf_visitor visit, void *context);

/* A text as it is indexed: its words, one after the other, and, if it is short, its whole. */
typedef bool (*word_visitor)(void *context, uint16_t code, struct text word);
/*
 * The words that a value is indexed by in a field of that type; false, with a problem, when it is no value of the type, or
 * when the visitor returned false.
 */
bool leaf_words(enum field_type type, uint16_t number, struct json_value value, word_visitor visit, void *context);
/* A number in the one form that all ways to write it have. */
bool number_word(struct text number, char word[TERM_WORD_LIMIT], size_t *length);

#endif
