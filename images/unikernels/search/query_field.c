#include "query.h"

#include <string.h>

#include "leaves.h"
#include "problem.h"
#include "tokens.h"

/* "title", or "title.keyword" for the whole of it. -1: there is no such field. */
static int code_of(const struct index *index, struct text name) {
  static const char whole[] = ".keyword";
  size_t suffix = sizeof whole - 1;
  int number = catalog_field(index, name);
  if (number >= 0) return FIELD_CODE(number, 0);
  if (name.length <= suffix || memcmp(name.bytes + name.length - suffix, whole, suffix) != 0) return -1;
  number = catalog_field(index, (struct text){name.bytes, name.length - suffix});
  return number >= 0 && index->fields[number].type == FIELD_TEXT ? FIELD_CODE(number, 1) : -1;
}

static bool query_words(const struct index *index, uint16_t code, const struct field_query *q, struct matches *found) {
  char word[TOKEN_LIMIT];
  size_t length, count = 0;
  struct text rest = q->text;
  while (token_next(&rest, word, &length)) {
    struct matches more;
    bool good = matches_term(index, code, (struct text){word, length}, q->boost, &more);
    if (count++ == 0) {
      *found = more;
    } else if (good) {
      good = q->all_words ? matches_and(found, &more, true) : matches_or(found, &more);
    } else {
      matches_free(&more);
    }
    if (!good) return false;
  }
  return true;
}

static bool query_code(const struct index *index, uint16_t code, const struct field_query *q, struct matches *found) {
  char word[TERM_WORD_LIMIT];
  struct text text = q->text;
  if (index->fields[code / 2].type == FIELD_NUMBER) {
    text.bytes = word;
    if (!number_word(q->text, word, &text.length)) {
      return q->lenient || refuse(400, "query_shard_exception",
                                  "failed to create query: [%t] is no number, and the field [%t] has numbers",
                                  q->text, q->field);
    }
  }
  return matches_term(index, code, text, q->boost, found);
}

bool query_term(const struct index *index, const struct field_query *q, struct matches *found) {
  int code = code_of(index, q->field);
  *found = (struct matches){0};
  return code < 0 || query_code(index, (uint16_t)code, q, found);
}

bool query_field(const struct index *index, const struct field_query *q, struct matches *found) {
  int code = code_of(index, q->field);
  *found = (struct matches){0};
  if (code < 0) return true;
  bool words = index->fields[code / 2].type == FIELD_TEXT && code % 2 == 0;
  return words ? query_words(index, (uint16_t)code, q, found) : query_code(index, (uint16_t)code, q, found);
}

bool query_all_fields(const struct index *index, struct field_query q, struct matches *found) {
  *found = (struct matches){0};
  q.lenient = true;
  for (size_t i = 0; i < index->field_count; i++) {
    struct matches more;
    q.field = text_of(index->fields[i].name);
    if (!query_field(index, &q, &more)) {
      matches_free(&more);
      return false;
    }
    matches_as_part(&more);
    if (!matches_or_best(found, &more)) return false;
  }
  return true;
}
