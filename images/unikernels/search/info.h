/* What there is: the server, the cluster of one, its indices. */
#ifndef SEARCH_INFO_H
#define SEARCH_INFO_H

#include "reply.h"

void answer_banner(const struct client *client);
void answer_health(const struct client *client, const struct log *log);
/* A table of the indices, with a line of names above it or without. */
void answer_cat(const struct client *client, const struct log *log, bool names);
/* Of each index that is named: its mapping alone, or all that there is to say. */
void answer_indices(const struct client *client, struct text indices, bool mapping_alone);

#endif
