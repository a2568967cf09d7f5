// Makes a guest a host of containers (docs/RUNTIME.md).
#ifndef STRATA_OCI_HOST_H
#define STRATA_OCI_HOST_H

#include <stdbool.h>

// How many NICs may lead to networks: as the machine's bus has room for.
#define MAX_BRIDGES 8

// Mounts the layers, the disk and, if it is `shared`, the shared folder, and puts a bridge in the place of each of the
// first NICs. In a guest that is a host already it does nothing.
int host_set_up(unsigned bridges, bool shared);

#endif
