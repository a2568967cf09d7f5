#include "clauses.h"
#include "problem.h"
#include "query.h"

struct clause {
  struct text field, word;
  enum occur occur;
};

static bool find(const struct index *index, const struct query_string *q, const struct clause *c,
                 struct matches *found) {
  struct field_query field =
      {.field = c->field, .text = c->word, .all_words = q->all_words, .lenient = true, .boost = 1};
  if (text_is(c->word, "*") && (!c->field.bytes || text_is(c->field, "*"))) return matches_all(index, 1, found);
  return c->field.bytes ? query_field(index, &field, found) : query_all_fields(index, field, found);
}

static bool add_clause(const struct index *index, const struct query_string *q, const struct clause *c,
                       struct clauses *all) {
  struct matches found;
  if (find(index, q, c, &found)) return clauses_add(all, c->occur, &found);
  matches_free(&found);
  return false;
}

/* Signs and field of a word. */
static bool read_clause(const struct query_string *q, struct text word, struct clause *c) {
  c->occur = q->all_words ? CLAUSE_MUST : CLAUSE_SHOULD;
  if (word.bytes[0] == '+' || word.bytes[0] == '-') {
    c->occur = word.bytes[0] == '+' ? CLAUSE_MUST : CLAUSE_MUST_NOT;
    word.bytes++, word.length--;
  }
  for (size_t i = 0; i < word.length; i++) {
    char at = word.bytes[i];
    if (at == '"' || at == '(' || at == ')' || at == '[' || at == '{' || at == '~' || at == '^') {
      return refuse(400, "query_shard_exception",
                    "Failed to parse query [%t]: there are words, FIELD:WORD, + and - before them, AND, OR, NOT, and nothing else",
                    q->text);
    }
  }
  c->field = q->field;
  c->word = word;
  struct text rest = word, field = text_split(&rest, ':');
  if (field.length > 0 && rest.length > 0) c->field = field, c->word = rest;
  return true;
}

/* AND makes the words on both sides of it needed, as Lucene's parser does. So a word waits for the one behind it. */
bool query_string_run(const struct index *index, const struct query_string *q, struct matches *found) {
  struct clauses all = {0};
  struct clause waiting = {0}, next;
  struct text rest = q->text;
  bool waits = false, both = false, not = false, good = true;
  *found = (struct matches){0};
  for (struct text word = text_word(&rest); good && word.length > 0; word = text_word(&rest)) {
    if (text_is(word, "AND") || text_is(word, "&&")) {
      both = true;
      if (waiting.occur == CLAUSE_SHOULD) waiting.occur = CLAUSE_MUST;
    } else if (text_is(word, "NOT") || text_is(word, "!")) {
      not = true;
    } else if (!text_is(word, "OR") && !text_is(word, "||")) {
      good = read_clause(q, word, &next) && (!waits || add_clause(index, q, &waiting, &all));
      if (not) next.occur = CLAUSE_MUST_NOT;
      else if (both && next.occur == CLAUSE_SHOULD) next.occur = CLAUSE_MUST;
      waiting = next;
      waits = true;
      both = not = false;
    }
  }
  if (good && waits) good = add_clause(index, q, &waiting, &all);
  if (good && waits) return clauses_end(&all, index, -1, found);
  clauses_free(&all);
  return good;
}
