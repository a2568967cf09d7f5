/* Answers in the shapes of Elasticsearch's. */
#ifndef SEARCH_REPLY_H
#define SEARCH_REPLY_H

#include "../http/json.h"
#include "../http/server.h"
#include "../store/log.h"

/* Of a request's body. */
#define BODY_LIMIT (512 * 1024)
#define ANSWER_LIMIT (2 * 1024 * 1024)

/* To whom, and how. */
struct client {
  struct http_connection *connection;
  /* With spaces and lines, for people. */
  bool pretty;
};

/*
 * Answers once all that is in the log now is durable: what may be gone after a restart, nobody should have seen. Takes
 * the bytes of the JSON over.
 */
void reply(const struct client *client, int status, struct json *json);
void reply_text(const struct client *client, int status, struct json *text);
/* What is the matter. */
void reply_problem(const struct client *client);
/* The same at once, for what the server refuses by itself. */
void reply_refused(struct http_connection *connection, int status);
void reply_acknowledged(const struct client *client);
/* Without a body. */
void reply_status(const struct client *client, int status);

/* "type":…,"reason":… and more of the problem. */
void add_problem(struct json *json);
void add_text(struct json *json, const char *name, struct text value);
/* A number of 32 bits in as few digits as it takes to tell it from its neighbours. */
void add_float(struct json *json, float number);
void add_shards(struct json *json, uint32_t count);

void reply_begin(struct log *log);
/* More has become durable, or the log has failed. */
void reply_settled(void);
void reply_gone(struct http_connection *connection);

#endif
