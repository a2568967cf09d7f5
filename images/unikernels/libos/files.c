#include <stdlib.h>
#include <string.h>

#include "crc32c.h"
#include "libos.h"

#define MAX_GIVEN 64
#define MAX_GIVEN_BYTES (1024 * 1024)
#define MAX_EMBEDDED 256

/* Made by the recipe from the program's folder `files`; without one it is no-files/files.c. */
extern const struct file embedded_files[];
extern const size_t embedded_file_count;

static struct file given[MAX_GIVEN];
static size_t given_count, given_bytes;

static const struct file *find_in(const struct file *files, size_t count, const char *path) {
  for (size_t i = 0; i < count; i++) {
    if (strcmp(files[i].path, path) == 0) return &files[i];
  }
  return NULL;
}

static const struct file *read_given(const char *path) {
  int64_t size = strata_config_read(path, 0, NULL, 0);
  if (size < 0) return NULL;
  if (given_count == MAX_GIVEN || given_bytes + (uint64_t)size > MAX_GIVEN_BYTES) {
    say("%s is not used: the files that were given are more than %u or larger than 1 MiB together", path, MAX_GIVEN);
    return NULL;
  }
  char *name = strdup(path);
  /* One byte more, a NUL, so that text can be used as a string. */
  uint8_t *bytes = malloc((size_t)size + 1);
  char *tag = malloc(16);
  if (!name || !bytes || !tag) give_up("No memory for %s", path);
  strata_config_read(path, 0, bytes, (size_t)size);
  bytes[size] = 0;
  format(tag, 16, "\"%08x\"", crc32c(0, bytes, (size_t)size));
  given_bytes += (size_t)size;
  given[given_count] = (struct file){name, bytes, (size_t)size, tag};
  return &given[given_count++];
}

const struct file *file_find(const char *path) {
  /* What was given goes before the module's own, and does not change: the host is asked about each of these once. */
  static bool asked[MAX_EMBEDDED];
  const struct file *found = find_in(given, given_count, path);
  if (found) return found;
  const struct file *own = find_in(embedded_files, embedded_file_count, path);
  size_t index = own ? (size_t)(own - embedded_files) : MAX_EMBEDDED;
  if (index < MAX_EMBEDDED && asked[index]) return own;
  found = read_given(path);
  if (index < MAX_EMBEDDED) asked[index] = true;
  return found ? found : own;
}
