#ifndef STORE_INDEX_H
#define STORE_INDEX_H

#include "log.h"

/* Makes room for one entry more; false when there is none. */
bool index_reserve(struct log *log);
void index_add(struct log *log, struct log_entry entry);
/* The entries of a hash, one after the other; NULL at the end. */
struct log_entry *index_next(struct log *log, uint32_t hash, struct log_entry *after);
void index_remove(struct log *log, struct log_entry *entry);

#endif
