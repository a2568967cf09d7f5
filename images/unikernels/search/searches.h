/* _search and _count: what is asked for in the path and in the body, and the answer. */
#ifndef SEARCH_SEARCHES_H
#define SEARCH_SEARCHES_H

#include "../http/server.h"
#include "reply.h"

void answer_search(const struct client *client, struct text indices, const struct http_request *request);
void answer_count(const struct client *client, struct text indices, const struct http_request *request);

#endif
