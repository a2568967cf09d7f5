// The options of a mount in config.json (runtime-spec, config.md, "Linux mount options").
#ifndef STRATA_OCI_MOUNT_OPTIONS_H
#define STRATA_OCI_MOUNT_OPTIONS_H

#include <stdbool.h>

#include "json.h"
#include "kernel.h"

struct mount_options {
  bool bind;
  bool recursive;
  // For mount(2).
  unsigned long flags;
  // For mount_setattr(2): on the mount itself, and on all that is below it.
  struct mount_attributes own, below;
  // Which propagation it gets in the end: MS_PRIVATE and so on, with MS_REC; 0: as it comes.
  unsigned long propagation;
  // What the file system itself is told, divided by commas.
  const char *data;
};

int mount_options_parse(struct arena *arena, const struct json *options, struct mount_options *result);
// MS_* of a propagation by its name; 0 when there is none.
unsigned long propagation_flags(const char *name);

#endif
