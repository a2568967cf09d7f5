// Device nodes in a container's /dev.
#ifndef STRATA_OCI_DEVICES_H
#define STRATA_OCI_DEVICES_H

#include <stdbool.h>

#include "json.h"

// The nodes every container has, those of `linux.devices`, and the usual links. Where nodes cannot be made (in a user
// namespace) the host's are bound.
int devices_make(const struct json *config, int root, bool by_binding, bool own_dev);

#endif
