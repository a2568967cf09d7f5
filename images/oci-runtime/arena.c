#include "arena.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "error.h"

#define BLOCK_SIZE 16384u
#define ALIGNMENT 8u

struct arena_block {
  struct arena_block *next;
  size_t size, used;
};

static size_t align(size_t size, size_t to) { return (size + to - 1) & ~(to - 1); }

static void out_of_memory(void) {
  static const char text[] = "strata-oci: out of memory\n";
  if (write(STDERR_FILENO, text, sizeof text - 1) < 0) _exit(EXIT_RUNTIME);
  _exit(EXIT_RUNTIME);
}

static void add_block(struct arena *arena, size_t size) {
  size_t whole = align(size + align(sizeof(struct arena_block), ALIGNMENT), 4096);
  if (whole < BLOCK_SIZE) whole = BLOCK_SIZE;
  struct arena_block *block = mmap(NULL, whole, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (whole < size || block == MAP_FAILED) {
    out_of_memory();
    return;
  }
  *block = (struct arena_block){arena->blocks, whole, align(sizeof *block, ALIGNMENT)};
  arena->blocks = block;
}

void *arena_alloc(struct arena *arena, size_t size) {
  size = align(size, ALIGNMENT);
  if (!arena->blocks || arena->blocks->size - arena->blocks->used < size) add_block(arena, size);
  struct arena_block *block = arena->blocks;
  void *memory = (char *)block + block->used;
  block->used += size;
  return memory;
}

char *arena_copy(struct arena *arena, const char *text, size_t length) {
  char *copy = arena_alloc(arena, length + 1);
  memcpy(copy, text, length);
  return copy;
}

char *arena_format(struct arena *arena, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  int length = vsnprintf(NULL, 0, format, arguments);
  va_end(arguments);
  char *text = arena_alloc(arena, (size_t)length + 1);
  va_start(arguments, format);
  vsnprintf(text, (size_t)length + 1, format, arguments);
  va_end(arguments);
  return text;
}

void arena_free(struct arena *arena) {
  while (arena->blocks) {
    struct arena_block *block = arena->blocks;
    arena->blocks = block->next;
    munmap(block, block->size);
  }
}
