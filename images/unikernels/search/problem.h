/* What is the matter, in Elasticsearch's terms. */
#ifndef SEARCH_PROBLEM_H
#define SEARCH_PROBLEM_H

#include "../store/log.h"

struct problem {
  int status;
  const char *type;
  char reason[384];
  /* The index that it is about, or nothing. */
  char index[256];
};

/* Of the call that has returned false or NULL last. */
extern struct problem problem;

/* Fills in the problem; see format(). Returns false. */
bool refuse(int status, const char *type, const char *reason, ...);
/* 400: a query, a document or something else is not what it has to be. */
bool refuse_query(const char *reason, ...);
bool refuse_document(const char *reason, ...);
bool refuse_argument(const char *reason, ...);
bool refuse_memory(void);
bool refuse_no_index(struct text name);
/* Why the log did not take a change. */
bool refuse_status(enum log_status status);

#endif
