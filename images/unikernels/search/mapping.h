/* The types of fields that are said when an index is made, and told when it is asked about. */
#ifndef SEARCH_MAPPING_H
#define SEARCH_MAPPING_H

#include "../http/json.h"
#include "../http/json_read.h"
#include "catalog.h"

/* Adds the fields of {"mappings": {"properties": …}}; everything else in the body is read over. */
bool mapping_read(struct json_value body, struct index *index);
/* "mappings":{…} */
void mapping_add(const struct index *index, struct json *json);

#endif
