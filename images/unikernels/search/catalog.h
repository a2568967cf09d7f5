/* The indices and their fields. A field is there from the first document on that has it, and stays as it then was. */
#ifndef SEARCH_CATALOG_H
#define SEARCH_CATALOG_H

#include "../store/log.h"

#define INDEX_LIMIT 100
#define INDEX_NAME_LIMIT 255
#define FIELD_LIMIT 256
#define FIELD_NAME_LIMIT 200

/* A keyword is a text that is indexed as a whole alone. */
enum field_type { FIELD_TEXT, FIELD_NUMBER, FIELD_BOOLEAN, FIELD_KEYWORD };

/* Of the documents that are there: how many have the field, and how many words it has in all of them. */
struct field_stats {
  uint32_t documents;
  uint64_t length;
};

struct field {
  char *name;
  enum field_type type;
  /* By its words; and, of text, by its whole. */
  struct field_stats stats[2];
};

/* What a term is of: twice the field's number, and 1 more for the whole of a text. */
#define FIELD_CODE(number, whole) ((uint16_t)((number) * 2 + (whole)))

struct index {
  /* Never used again. */
  uint32_t id;
  char *name;
  char uuid[23];
  struct field *fields;
  uint16_t field_count;
  /* It is not on the device, or has fields that are not. */
  bool unsaved;
  uint32_t documents;
  /* Of the log. */
  uint64_t bytes;
  uint64_t next_seq_no;
};

/* NULL at places where there is none. */
struct index *catalog_at(size_t slot);
size_t catalog_slot(const struct index *index);
struct index *catalog_find(struct text name);
struct index *catalog_find_id(uint32_t id);
size_t catalog_count(void);

/* Both as a problem: NULL. What is made is written with the next document, or by catalog_save. */
struct index *catalog_create(struct text name, const char uuid[22]);
/* The number of a field, or -1. */
int catalog_field(const struct index *index, struct text name);
int catalog_add_field(struct index *index, struct text name, enum field_type type);

bool catalog_save(struct log *log, struct index *index);
/* Bytes of the log that catalog_save takes at most. */
uint32_t catalog_record_size(const struct index *index);
bool catalog_delete(struct log *log, struct index *index);
/* Takes an index from its record in the log. */
bool catalog_load(struct text name, const uint8_t *record, size_t length);

/* Above the identifier of every index that there was. */
extern uint32_t catalog_next_id;

#endif
