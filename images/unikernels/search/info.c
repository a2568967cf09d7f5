#include "info.h"

#include "../libos/libos.h"
#include "catalog.h"
#include "mapping.h"
#include "targets.h"

void answer_banner(const struct client *client) {
  struct json json = {.limit = ANSWER_LIMIT};
  json_add(&json, "{");
  add_text(&json, "name", text_of(instance_name()));
  json_add(&json, ",\"cluster_name\":\"strata\",\"version\":{\"number\":\"1.0.0\",\"distribution\":\"strata\"},"
                  "\"tagline\":\"You Know, for Search\"}");
  reply(client, 200, &json);
}

static const char *health_of(const struct log *log) { return log->failed ? "red" : "green"; }

void answer_health(const struct client *client, const struct log *log) {
  struct json json = {.limit = ANSWER_LIMIT};
  uint32_t shards = (uint32_t)catalog_count();
  json_add(&json, "{\"cluster_name\":\"strata\",\"status\":\"%s\",\"timed_out\":false,\"number_of_nodes\":1,",
           health_of(log));
  json_add(&json, "\"number_of_data_nodes\":1,\"active_primary_shards\":%u,\"active_shards\":%u,", shards, shards);
  json_add(&json, "\"relocating_shards\":0,\"initializing_shards\":0,");
  json_add(&json, "\"unassigned_shards\":0,\"active_shards_percent_as_number\":100.0}");
  reply(client, 200, &json);
}

/* "17b", "1.5kb", "12.3mb" */
static void size_text(uint64_t bytes, char text[16]) {
  uint64_t unit = bytes < 1024 * 1024 ? 1024 : 1024 * 1024;
  if (bytes < 1024) format(text, 16, "%Ub", bytes);
  else format(text, 16, "%U.%U%s", bytes / unit, bytes % unit * 10 / unit, unit == 1024 ? "kb" : "mb");
}

static void add_cell(struct json *json, struct text text, size_t width) {
  json_bytes(json, text);
  for (size_t i = text.length; i < width + 1; i++) json_bytes(json, TEXT(" "));
}

static void add_row(struct json *json, const char *health, const char *status, const char *name, const char *uuid,
                    size_t name_width,
                    const char *pri, const char *rep, const char *count, const char *size) {
  add_cell(json, text_of(health), 6);
  add_cell(json, text_of(status), 6);
  add_cell(json, text_of(name), name_width);
  add_cell(json, text_of(uuid), 22);
  add_cell(json, text_of(pri), 3);
  add_cell(json, text_of(rep), 3);
  add_cell(json, text_of(count), 10);
  json_add(json, "%s\n", size);
}

void answer_cat(const struct client *client, const struct log *log, bool names) {
  struct json text = {.limit = ANSWER_LIMIT};
  size_t width = 5;
  for (size_t i = 0; i < INDEX_LIMIT; i++) {
    const struct index *index = catalog_at(i);
    if (index && text_of(index->name).length > width) width = text_of(index->name).length;
  }
  if (names) add_row(&text, "health", "status", "index", "uuid", width, "pri", "rep", "docs.count", "store.size");
  for (size_t i = 0; i < INDEX_LIMIT; i++) {
    const struct index *index = catalog_at(i);
    char count[16], size[16];
    if (!index) continue;
    format(count, sizeof count, "%u", index->documents);
    size_text(index->bytes, size);
    add_row(&text, health_of(log), "open", index->name, index->uuid, width, "1", "0", count, size);
  }
  reply_text(client, 200, &text);
}

void answer_indices(const struct client *client, struct text indices, bool mapping_alone) {
  static struct targets targets;
  struct json json = {.limit = ANSWER_LIMIT};
  if (!targets_find(indices, &targets)) {
    reply_problem(client);
    return;
  }
  json_add(&json, "{");
  for (size_t i = 0; i < targets.count; i++) {
    const struct index *index = targets.list[i];
    if (i > 0) json_add(&json, ",");
    json_string(&json, text_of(index->name));
    json_add(&json, mapping_alone ? ":{" : ":{\"aliases\":{},");
    mapping_add(index, &json);
    if (!mapping_alone) {
      json_add(&json, ",\"settings\":{\"index\":{\"number_of_shards\":\"1\",\"number_of_replicas\":\"0\",");
      json_add(&json, "\"uuid\":\"%s\",", index->uuid);
      add_text(&json, "provided_name", text_of(index->name));
      json_add(&json, "}}");
    }
    json_add(&json, "}");
  }
  json_add(&json, "}");
  reply(client, 200, &json);
}
