/* What the unikernel ABI has beside Solo5's calls. docs/ABI.md tells what each promises. */
#ifndef STRATA_H
#define STRATA_H

#include "solo5.h"

#define STRATA_IMPORT(name) __attribute__((import_module("strata"), import_name(#name)))

/*
 * The arguments, each ended by a NUL, the first being the name of the instance. Copies as many bytes as fit, returns
 * how many there are.
 */
STRATA_IMPORT(arguments) size_t strata_arguments(char *buffer, size_t size);

/*
 * A file that was given at the start, by its path ("/etc/zone"). Copies at most `size` bytes from `offset` on, returns
 * how many the file has, or -1 when there is none.
 */
STRATA_IMPORT(config_read)
int64_t strata_config_read(const char *path, uint32_t offset, uint8_t *buffer, size_t size);

/* Bytes of the host's cryptographic random number generator, at most 65,536. */
STRATA_IMPORT(random) solo5_result_t strata_random(uint8_t *buffer, size_t size);

/*
 * Asks for all that was written before to be made durable. The handle is ready when a flush is over;
 * strata_block_flushed returns the number of the last one that is. Numbers of a handle begin at 1 and go up by 1.
 */
STRATA_IMPORT(block_flush) solo5_result_t strata_block_flush(solo5_handle_t handle, uint64_t *number);
/* EUNSPEC once a flush has failed: nothing that was written later is durable. */
STRATA_IMPORT(block_flushed) solo5_result_t strata_block_flushed(solo5_handle_t handle, uint64_t *number);

#endif
