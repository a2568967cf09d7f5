// Memory that is given back all at once: what a launcher read and needs no more when its container runs.
#ifndef STRATA_OCI_ARENA_H
#define STRATA_OCI_ARENA_H

#include <stddef.h>

struct arena {
  struct arena_block *blocks;
};

// Zeroed and aligned for pointers; ends the program when there is no memory.
void *arena_alloc(struct arena *arena, size_t size);
char *arena_copy(struct arena *arena, const char *text, size_t length);
char *arena_format(struct arena *arena, const char *format, ...) __attribute__((format(printf, 2, 3)));
void arena_free(struct arena *arena);

#endif
