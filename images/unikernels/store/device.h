/* The log on a block device of the host. */
#ifndef STORE_DEVICE_H
#define STORE_DEVICE_H

#include "log.h"

typedef void (*store_callback)(struct log *log);

/*
 * Opens the log of the block device with that name in the manifest, or makes one, and calls `opens`: at once, or, as a
 * long log takes a while to be read, in a later turn. It is committed at the end of each turn; `settled` is called when
 * more has become durable or the log has failed. Ends the unikernel when there is no such device or it cannot be used,
 * and says why.
 */
void store_open(const char *device, store_callback opens, store_callback settled);

#endif
