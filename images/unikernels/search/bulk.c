#include "bulk.h"

#include <string.h>

#include "problem.h"

static const char *const names[] = {"index", "create", "delete"};

const char *action_name(enum action action) { return names[action]; }

static bool read_name(struct json_value value, char *buffer, size_t size, struct text *name) {
  *name = value.raw;
  if (value.type == JSON_NUMBER) return true;
  name->bytes = buffer;
  return value.type == JSON_STRING && json_decode(value, buffer, size, &name->length);
}

/* Parameters that change nothing here are read over. */
static bool read_target(struct json_value target, struct bulk_item *item) {
  struct json_value key, value;
  for (size_t cursor = 0; json_next(target, &cursor, &key, &value);) {
    bool good = true;
    if (json_is(key, "_index")) good = read_name(value, item->index_bytes, sizeof item->index_bytes, &item->index);
    if (json_is(key, "_id") && value.type != JSON_NULL) {
      good = read_name(value, item->identifier_bytes, sizeof item->identifier_bytes, &item->identifier);
    }
    if (!good) return false;
  }
  return true;
}

static bool read_action(struct text line, struct text index, struct bulk_item *item) {
  struct json_value key, target, more;
  size_t wrong, cursor = 0;
  item->index = index;
  item->identifier = item->source = (struct text){NULL, 0};
  if (!json_check(line, &wrong)) return false;
  struct json_value root = json_root(line);
  if (root.type != JSON_OBJECT || !json_next(root, &cursor, &key, &target)) return false;
  if (json_next(root, &cursor, &more, &more)) return false;
  for (size_t i = 0; i < 3; i++) {
    if (!json_is(key, names[i])) continue;
    item->action = (enum action)i;
    return target.type == JSON_OBJECT && read_target(target, item);
  }
  return false;
}

static struct text next_line(struct text *rest) {
  struct text line;
  do line = text_trim(text_split(rest, '\n'));
  while (line.length == 0 && rest->length > 0);
  return line;
}

bool bulk_next(struct text *rest, struct text index, struct bulk_item *item) {
  struct text line = next_line(rest);
  if (line.length == 0 || !read_action(line, index, item)) return false;
  if (item->action != ACTION_DELETE) item->source = next_line(rest);
  return true;
}

bool bulk_check(struct text body, struct text index) {
  static struct bulk_item item;
  struct text rest = body;
  uint32_t number = 0;
  if (body.length == 0) return refuse(400, "parse_exception", "request body is required");
  if (body.bytes[body.length - 1] != '\n') {
    return refuse_argument("The bulk request must be terminated by a newline [\\n]");
  }
  for (;;) {
    struct text line = next_line(&rest);
    if (line.length == 0) return number > 0 || refuse(400, "parse_exception", "request body is required");
    number++;
    if (!read_action(line, index, &item)) {
      return refuse_argument("Malformed action/metadata line [%u], expected one of [create, delete, index] with _index and _id",
                    number);
    }
    bool unnamed = item.action == ACTION_DELETE && item.identifier.length == 0;
    if (item.index.length == 0 || unnamed) {
      return refuse(400, "action_request_validation_exception", "Validation Failed: %u: %s is missing;", number,
                    unnamed ? "id" : "index");
    }
    if (item.action == ACTION_DELETE) continue;
    number++;
    if (next_line(&rest).length > 0) continue;
    return refuse_argument("Line [%u] has no document after it", number - 1);
  }
}
