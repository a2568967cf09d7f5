#include "catalog.h"

#include <stdlib.h>
#include <string.h>

#include "bytes.h"
#include "problem.h"

#define RECORD_HEAD (4 + 22 + 2)

uint32_t catalog_next_id = 1;
static struct index indices[INDEX_LIMIT];

struct index *catalog_at(size_t slot) { return slot < INDEX_LIMIT && indices[slot].name ? &indices[slot] : NULL; }

size_t catalog_slot(const struct index *index) { return (size_t)(index - indices); }

struct index *catalog_find(struct text name) {
  for (size_t i = 0; i < INDEX_LIMIT; i++) {
    if (indices[i].name && text_is(name, indices[i].name)) return &indices[i];
  }
  return NULL;
}

struct index *catalog_find_id(uint32_t id) {
  for (size_t i = 0; i < INDEX_LIMIT; i++) {
    if (indices[i].name && indices[i].id == id) return &indices[i];
  }
  return NULL;
}

size_t catalog_count(void) {
  size_t count = 0;
  for (size_t i = 0; i < INDEX_LIMIT; i++) count += indices[i].name != NULL;
  return count;
}

static char *copy_text(struct text text) {
  char *copy = malloc(text.length + 1);
  if (!copy) return NULL;
  memcpy(copy, text.bytes, text.length);
  copy[text.length] = 0;
  return copy;
}

static void forget(struct index *index) {
  for (size_t i = 0; i < index->field_count; i++) free(index->fields[i].name);
  free(index->fields);
  free(index->name);
  *index = (struct index){0};
}

static struct index *take_slot(struct text name) {
  for (size_t i = 0; i < INDEX_LIMIT; i++) {
    if (indices[i].name) continue;
    indices[i].name = copy_text(name);
    if (indices[i].name) return &indices[i];
    refuse_memory();
    return NULL;
  }
  refuse(400, "validation_exception",
         "this action would add [1] shards, but this cluster currently has [%u]/[%u] maximum shards open",
         (uint32_t)INDEX_LIMIT, (uint32_t)INDEX_LIMIT);
  return NULL;
}

/* The rules of Elasticsearch. */
static const char *wrong_with(struct text name) {
  if (name.length == 0 || name.length > INDEX_NAME_LIMIT) return "must have 1 to 255 bytes";
  if (strchr("-_+", name.bytes[0])) return "must not start with '_', '-', or '+'";
  if (text_is(name, ".") || text_is(name, "..")) return "must not be '.' or '..'";
  for (size_t i = 0; i < name.length; i++) {
    if (name.bytes[i] >= 'A' && name.bytes[i] <= 'Z') return "must be lowercase";
    if (strchr(" \"*\\<>|,/?#:", name.bytes[i])) return "must not contain any of [ \"*\\<>|,/?#:]";
  }
  return NULL;
}

struct index *catalog_create(struct text name, const char uuid[22]) {
  const char *wrong = wrong_with(name);
  if (wrong) {
    refuse(400, "invalid_index_name_exception", "Invalid index name [%t], %s", name, wrong);
    return NULL;
  }
  struct index *index = take_slot(name);
  if (!index) return NULL;
  index->id = catalog_next_id++;
  memcpy(index->uuid, uuid, 22);
  index->unsaved = true;
  return index;
}

int catalog_field(const struct index *index, struct text name) {
  for (int i = 0; i < index->field_count; i++) {
    if (text_is(name, index->fields[i].name)) return i;
  }
  return -1;
}

int catalog_add_field(struct index *index, struct text name, enum field_type type) {
  if (name.length > FIELD_NAME_LIMIT) {
    refuse_argument("The name of a field has at most %u bytes, with those that it is in",
           (uint32_t)FIELD_NAME_LIMIT);
    return -1;
  }
  if (index->field_count == FIELD_LIMIT) {
    refuse_argument("Limit of total fields [%u] has been exceeded", (uint32_t)FIELD_LIMIT);
    return -1;
  }
  struct field *fields = realloc(index->fields, (index->field_count + 1u) * sizeof *fields);
  if (fields) index->fields = fields;
  char *copy = fields ? copy_text(name) : NULL;
  if (!copy) {
    refuse_memory();
    return -1;
  }
  fields[index->field_count] = (struct field){.name = copy, .type = type};
  index->unsaved = true;
  return index->field_count++;
}

/* --- on the device -------------------------------------------------------------------------------------- */

static size_t key_of(struct text name, char key[1 + INDEX_NAME_LIMIT]) {
  key[0] = 'i';
  memcpy(key + 1, name.bytes, name.length);
  return 1 + name.length;
}

static size_t record_length(const struct index *index) {
  size_t length = RECORD_HEAD;
  for (size_t i = 0; i < index->field_count; i++) length += 2 + strlen(index->fields[i].name);
  return length;
}

uint32_t catalog_record_size(const struct index *index) {
  return log_record_size(1 + strlen(index->name), record_length(index));
}

bool catalog_save(struct log *log, struct index *index) {
  char key[1 + INDEX_NAME_LIMIT];
  size_t key_length = key_of(text_of(index->name), key), length = record_length(index);
  uint8_t *record = malloc(length), *at = record + RECORD_HEAD;
  if (!record) return refuse_memory();
  put_u32(record, index->id);
  memcpy(record + 4, index->uuid, 22);
  put_u16(record + 26, index->field_count);
  for (size_t i = 0; i < index->field_count; i++) {
    const struct field *field = &index->fields[i];
    size_t name_length = strlen(field->name);
    *at++ = (uint8_t)field->type;
    *at++ = (uint8_t)name_length;
    memcpy(at, field->name, name_length);
    at += name_length;
  }
  enum log_status status = log_put(log, (struct text){key, key_length}, (struct text){(char *)record, length});
  free(record);
  if (status != LOG_OK) return refuse_status(status);
  index->unsaved = false;
  return true;
}

bool catalog_delete(struct log *log, struct index *index) {
  char key[1 + INDEX_NAME_LIMIT];
  size_t length = key_of(text_of(index->name), key);
  enum log_status status = log_delete(log, (struct text){key, length});
  /* One that was never written is gone all the same. */
  if (status != LOG_OK && status != LOG_NOT_FOUND) return refuse_status(status);
  forget(index);
  return true;
}

bool catalog_load(struct text name, const uint8_t *record, size_t length) {
  if (length < RECORD_HEAD) return false;
  struct index *index = take_slot(name);
  if (!index) return false;
  index->id = get_u32(record);
  if (index->id >= catalog_next_id) catalog_next_id = index->id + 1;
  memcpy(index->uuid, record + 4, 22);
  const uint8_t *at = record + RECORD_HEAD, *end = record + length;
  for (size_t left = get_u16(record + 26); left > 0; left--) {
    if (end - at < 2 || end - at < 2 + at[1]) return false;
    if (catalog_add_field(index, (struct text){(const char *)at + 2, at[1]}, (enum field_type)at[0]) < 0) return false;
    at += 2 + at[1];
  }
  index->unsaved = false;
  return true;
}
