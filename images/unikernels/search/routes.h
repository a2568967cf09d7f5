/* Elasticsearch's verbs: which method and path does what. */
#ifndef SEARCH_ROUTES_H
#define SEARCH_ROUTES_H

#include "../http/server.h"
#include "../store/log.h"

void routes_begin(struct log *log);
void routes_handle(struct http_connection *connection, const struct http_request *request);

#endif
