#include "problem.h"

struct problem problem;

static void fill(int status, const char *type, const char *reason, va_list list) {
  problem.status = status;
  problem.type = type;
  problem.index[0] = 0;
  format_list(problem.reason, sizeof problem.reason, reason, list);
}

bool refuse(int status, const char *type, const char *reason, ...) {
  va_list list;
  va_start(list, reason);
  fill(status, type, reason, list);
  va_end(list);
  return false;
}

bool refuse_query(const char *reason, ...) {
  va_list list;
  va_start(list, reason);
  fill(400, "parsing_exception", reason, list);
  va_end(list);
  return false;
}

bool refuse_document(const char *reason, ...) {
  va_list list;
  va_start(list, reason);
  fill(400, "document_parsing_exception", reason, list);
  va_end(list);
  return false;
}

bool refuse_argument(const char *reason, ...) {
  va_list list;
  va_start(list, reason);
  fill(400, "illegal_argument_exception", reason, list);
  va_end(list);
  return false;
}

bool refuse_memory(void) {
  return refuse(429, "circuit_breaking_exception",
                "There is no memory for it: ask for less at once, or give the instance more memory");
}

bool refuse_no_index(struct text name) {
  refuse(404, "index_not_found_exception", "no such index [%t]", name);
  format(problem.index, sizeof problem.index, "%t", name);
  return false;
}

bool refuse_status(enum log_status status) {
  switch (status) {
    case LOG_FULL:
      return refuse(507, "cluster_block_exception", "The disk is full: delete documents, or start on a larger disk");
    case LOG_BUSY: return refuse(429, "es_rejected_execution_exception", "The disk is being tidied up: try again");
    default: return refuse(500, "cluster_block_exception", "The disk has failed");
  }
}
