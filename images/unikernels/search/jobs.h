/*
 * Changes, one after the other in the order in which they came. What cannot be done at once, because it is a lot or the
 * disk is behind, is gone on with in later turns.
 */
#ifndef SEARCH_JOBS_H
#define SEARCH_JOBS_H

#include "reply.h"

enum job_kind { JOB_PUT, JOB_DELETE, JOB_BULK, JOB_CREATE_INDEX, JOB_DELETE_INDEX };

struct job_request {
  enum job_kind kind;
  struct client client;
  /* An identifier without bytes: one is made up. */
  struct text index, identifier, body;
  /* Only if there is no such document. */
  bool fresh;
};

void jobs_begin(struct log *log);
/* Copies the request; it is answered when it is done and durable. False: too much is waiting, which is the problem. */
bool jobs_add(const struct job_request *request);
/* Goes on, and does what there is to do in the background. */
void jobs_run(void);
void jobs_gone(struct http_connection *connection);

#endif
