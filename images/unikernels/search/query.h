/*
 * Queries: those of Elasticsearch's that are match_all, match_none, match, multi_match, term, terms, query_string and
 * bool. What they know of these is in docs/UNIKERNELS.md; everything else is a problem that says what there is.
 */
#ifndef SEARCH_QUERY_H
#define SEARCH_QUERY_H

#include "../http/json_read.h"
#include "matches.h"

/* Bytes of a text that is asked for. */
#define QUERY_TEXT_LIMIT 4096

/* The documents of an index that match a query in JSON, which was checked. As a problem: false, and nothing found. */
bool query_run(const struct index *index, struct json_value query, struct matches *found);

/* The query of ?q=: words and FIELD:WORD, with + and - before them, AND, OR and NOT. */
struct query_string {
  struct text text;
  /* Where it names none; without bytes: all fields with text. */
  struct text field;
  bool all_words;
};
bool query_string_run(const struct index *index, const struct query_string *query, struct matches *found);

/* The documents that have the words of a text in a field, all of them or one. An unknown field has none. */
struct field_query {
  struct text field, text;
  bool all_words;
  /* What is no value of the field's type matches nothing; else it is a problem. */
  bool lenient;
  double boost;
};
bool query_field(const struct index *index, const struct field_query *query, struct matches *found);
/* Those that have the text itself as a word of the field: it is not cut into words, nor put into lower case. */
bool query_term(const struct index *index, const struct field_query *query, struct matches *found);
/* The same as query_field in every field. */
bool query_all_fields(const struct index *index, struct field_query query, struct matches *found);

#endif
