// Capabilities (man 7 capabilities) by name and as the five sets of a process.
#ifndef STRATA_OCI_CAPABILITIES_H
#define STRATA_OCI_CAPABILITIES_H

#include "json.h"

struct capabilities {
  uint64_t bounding, effective, permitted, inheritable, ambient;
};

// `process.capabilities`; all sets are empty when it is not there.
int capabilities_parse(const struct json *object, struct capabilities *sets);
// In two steps around the change of user: the first needs the rights that the second takes away.
int capabilities_bound(const struct capabilities *sets);
int capabilities_set(const struct capabilities *sets);
// An array of names.
void capabilities_write(struct text *out, uint64_t set);

#endif
