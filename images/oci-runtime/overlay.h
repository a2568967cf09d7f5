// Overlays of layers that the host has as directories.
#ifndef STRATA_OCI_OVERLAY_H
#define STRATA_OCI_OVERLAY_H

#include "json.h"

// Mounts what { lower, upper, work, volatile, readonly } says on `target`; makes directories that are missing.
int overlay_mount(struct arena *arena, const struct json *overlay, const char *target);

#endif
