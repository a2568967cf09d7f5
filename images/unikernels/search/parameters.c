#include "parameters.h"

#include "../http/json.h"
#include "problem.h"

bool parameter_is_set(struct text query, const char *name) {
  struct text value = http_parameter(query, name);
  return value.bytes && !text_is(value, "false");
}

bool parameter_text(struct text query, const char *name, char *buffer, size_t size, struct text *text) {
  struct text value = http_parameter(query, name);
  *text = (struct text){NULL, 0};
  if (!value.bytes) return true;
  text->bytes = buffer;
  size_t put = 0;
  /* A plus that is meant comes as %2B, so that the two can be told apart piece by piece. */
  for (bool first = true; first || value.length > 0; first = false) {
    size_t length;
    if (!first && put + 1 < size) buffer[put++] = ' ';
    if (!http_decode(text_split(&value, '+'), buffer + put, size - put, &length)) {
      return refuse_argument("The parameter [%s] is malformed, or longer than %u bytes", name, (uint32_t)size - 1);
    }
    put += length;
  }
  text->length = put;
  return text_is_clean(*text) || refuse_argument("The parameter [%s] is no UTF-8", name);
}

bool parameter_number(struct text query, const char *name, uint64_t most, uint64_t *number) {
  struct text value = http_parameter(query, name);
  if (!value.bytes || text_number(value, most, number)) return true;
  return refuse_argument("Failed to parse [%s] with value [%t]: it is a number from 0 to %U", name, value, most);
}
