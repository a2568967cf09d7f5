/* Parameters of a request's query. */
#ifndef SEARCH_PARAMETERS_H
#define SEARCH_PARAMETERS_H

#include "../http/parse.h"

/* "?pretty", "?pretty=true" */
bool parameter_is_set(struct text query, const char *name);
/* Decoded, with "+" for a space; without bytes when it is not given. As a problem: false. */
bool parameter_text(struct text query, const char *name, char *buffer, size_t size, struct text *text);
bool parameter_number(struct text query, const char *name, uint64_t most, uint64_t *number);

#endif
