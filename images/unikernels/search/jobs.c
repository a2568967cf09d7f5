#include "jobs.h"

#include <stdlib.h>
#include <string.h>

#include "../libos/libos.h"
#include "bulk.h"
#include "mapping.h"
#include "problem.h"

/* Bytes of all requests that wait. */
#define WAITING_LIMIT (1024 * 1024)
/* From the beginning of a turn on, so that neighbours and connections have theirs. */
#define SLICE_NS 15000000u
/* The beginning of a bulk's answer, which is known last. */
#define BULK_HEAD 48
#define GENERATED_IDENTIFIER 20

struct job {
  struct job *next;
  struct job_request request;
  size_t size;
  /* Of a bulk: what is left, and what its answer is so far. */
  struct text rest;
  struct json answer;
  bool errors;
  uint64_t begun;
};

static struct log *store;
static struct job *first, *last;
static size_t waiting;

void jobs_begin(struct log *log) { store = log; }

static struct text copy_to(char **at, struct text text) {
  if (!text.bytes) return text;
  struct text copy = {*at, text.length};
  memcpy(*at, text.bytes, text.length);
  *at += text.length;
  return copy;
}

bool jobs_add(const struct job_request *request) {
  size_t size = sizeof(struct job) + request->index.length + request->identifier.length + request->body.length;
  struct job *job = waiting + size > WAITING_LIMIT ? NULL : malloc(size);
  if (!job) {
    return refuse(429, "es_rejected_execution_exception", "Changes of %u bytes are waiting already, of %u: try again",
                  (uint32_t)waiting,
                  (uint32_t)WAITING_LIMIT);
  }
  char *at = (char *)(job + 1);
  *job = (struct job){.request = *request, .size = size, .begun = solo5_clock_monotonic()};
  job->request.index = copy_to(&at, request->index);
  job->request.identifier = copy_to(&at, request->identifier);
  job->request.body = job->rest = copy_to(&at, request->body);
  if (last) last->next = job;
  else first = job;
  last = job;
  waiting += size;
  return true;
}

static void free_job(struct job *job) {
  waiting -= job->size;
  free(job->answer.bytes);
  free(job);
}

/* What has begun may be there or not: its client has not heard. */
void jobs_gone(struct http_connection *connection) {
  for (struct job *job = first; job; job = job->next) {
    if (job->request.client.connection == connection) job->request.client.connection = NULL;
  }
}

static void base64(const uint8_t *bytes, size_t count, char *text) {
  static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  for (size_t bit = 0; bit < count * 8; bit += 6) {
    uint32_t pair = (uint32_t)bytes[bit / 8] << 8 | (bit / 8 + 1 < count ? bytes[bit / 8 + 1] : 0);
    *text++ = digits[pair >> (10 - bit % 8) & 0x3f];
  }
}

static void random_text(char *text, size_t bytes) {
  uint8_t random[16];
  random_bytes(random, bytes);
  base64(random, bytes, text);
}

/* --- what changes ------------------------------------------------------------------------------------------ */

/* MORE: a part is done, and the rest can be gone on with. */
enum progress { DONE, MORE, LATER, REFUSED };

static enum progress make_index(struct text name, struct text body, struct index **index) {
  char uuid[22];
  size_t wrong;
  if (log_ready(store, LOG_VALUE_LIMIT) == LOG_BUSY) return LATER;
  random_text(uuid, 16);
  *index = catalog_create(name, uuid);
  if (!*index) return REFUSED;
  bool good = body.length == 0 || json_check(body, &wrong) ||
      refuse(400, "parse_exception", "The body is no JSON from byte %u on", (uint32_t)wrong);
  if (good && (body.length == 0 || mapping_read(json_root(body), *index)) && catalog_save(store, *index)) return DONE;
  struct problem kept = problem;
  catalog_delete(store, *index);
  problem = kept;
  return REFUSED;
}

static enum progress put_document(struct text name, struct text identifier, struct text source, bool fresh,
                                  struct change *change) {
  struct index *index = catalog_find(name);
  size_t wrong;
  if (!json_check(source, &wrong) || json_root(source).type != JSON_OBJECT) {
    refuse_document("failed to parse: the document is no JSON object, from byte %u on", (uint32_t)wrong);
    return REFUSED;
  }
  if (source.length > SOURCE_LIMIT) {
    refuse(413, "illegal_argument_exception", "The document has %u bytes, %u are allowed", (uint32_t)source.length,
           (uint32_t)SOURCE_LIMIT);
    return REFUSED;
  }
  if (!index) {
    enum progress made = make_index(name, TEXT(""), &index);
    if (made != DONE) return made;
  }
  *change = documents_put(index, identifier, source, fresh);
  return change->outcome == DOCUMENT_LATER ? LATER : change->outcome == DOCUMENT_REFUSED ? REFUSED : DONE;
}

static enum progress delete_document(struct text name, struct text identifier, struct change *change) {
  struct index *index = catalog_find(name);
  if (!index) {
    refuse_no_index(name);
    return REFUSED;
  }
  *change = documents_delete(index, identifier);
  return change->outcome == DOCUMENT_LATER ? LATER : change->outcome == DOCUMENT_REFUSED ? REFUSED : DONE;
}

static int status_of(enum outcome outcome) {
  return outcome == DOCUMENT_CREATED ? 201 : outcome == DOCUMENT_MISSING ? 404 : 200;
}

/* The members of an answer to a change. */
static void add_change(struct json *json, struct text index, struct text identifier, const struct change *change) {
  static const char *const results[] = {"created", "updated", "deleted", "not_found"};
  add_text(json, "_index", index);
  json_add(json, ",");
  add_text(json, "_id", identifier);
  json_add(json, ",\"_version\":%u,\"result\":\"%s\",", change->version, results[change->outcome]);
  json_add(json, "\"_shards\":{\"total\":1,\"successful\":1,\"failed\":0},\"_seq_no\":%U,\"_primary_term\":1",
           change->seq_no);
}

static enum progress run_document(struct job *job) {
  const struct job_request *r = &job->request;
  struct change change;
  char generated[GENERATED_IDENTIFIER];
  struct text identifier = r->identifier;
  if (!identifier.bytes) {
    random_text(generated, GENERATED_IDENTIFIER * 3 / 4);
    identifier = (struct text){generated, sizeof generated};
  }
  enum progress progress = r->kind == JOB_DELETE ? delete_document(r->index, identifier, &change)
                                                 : put_document(r->index, identifier, r->body, r->fresh, &change);
  if (progress != DONE || !r->client.connection) return progress;
  struct json json = {.limit = ANSWER_LIMIT};
  json_add(&json, "{");
  add_change(&json, r->index, identifier, &change);
  json_add(&json, "}");
  reply(&r->client, status_of(change.outcome), &json);
  return DONE;
}

/* --- bulk -------------------------------------------------------------------------------------------------- */

static void add_item(struct job *job, const struct bulk_item *item, struct text identifier,
                     const struct change *change) {
  struct json *json = &job->answer;
  json_add(json, json->length > BULK_HEAD ? ",{\"%s\":{" : "{\"%s\":{", action_name(item->action));
  if (change) {
    add_change(json, item->index, identifier, change);
    json_add(json, ",\"status\":%d}}", status_of(change->outcome));
    return;
  }
  job->errors = true;
  add_text(json, "_index", item->index);
  json_add(json, ",");
  add_text(json, "_id", identifier);
  json_add(json, ",\"status\":%d,\"error\":{", problem.status);
  add_problem(json);
  json_add(json, "}}}");
}

static void end_bulk(struct job *job) {
  char head[BULK_HEAD + 1];
  struct json *json = &job->answer;
  uint32_t took = (uint32_t)((solo5_clock_monotonic() - job->begun) / 1000000u);
  size_t length =
      format(head, sizeof head, "{\"took\":%u,\"errors\":%s,\"items\":", took, job->errors ? "true" : "false");
  if (!json->failed) {
    memcpy(json->bytes, head, length);
    memset(json->bytes + length, ' ', BULK_HEAD - 1 - length);
  }
  json_add(json, "]}");
  if (job->request.client.connection) reply(&job->request.client, 200, json);
  else free(json->bytes);
  *json = (struct json){0};
}

/* One item. What has no room in the answer any more is not done: the answer then says that it is too large. */
static enum progress run_bulk(struct job *job) {
  static struct bulk_item item;
  static const char blank[BULK_HEAD] = {0};
  char generated[GENERATED_IDENTIFIER];
  struct change change;
  struct text rest = job->rest;
  if (job->answer.limit == 0) {
    job->answer.limit = ANSWER_LIMIT;
    json_bytes(&job->answer, (struct text){blank, BULK_HEAD - 1});
    json_add(&job->answer, "[");
  }
  if (job->answer.failed || !bulk_next(&rest, job->request.index, &item)) {
    end_bulk(job);
    return DONE;
  }
  struct text identifier = item.identifier;
  if (identifier.length == 0) {
    random_text(generated, GENERATED_IDENTIFIER * 3 / 4);
    identifier = (struct text){generated, sizeof generated};
  }
  enum progress progress = item.action == ACTION_DELETE
                               ? delete_document(item.index, identifier, &change)
                               : put_document(item.index, identifier, item.source, item.action == ACTION_CREATE,
                                              &change);
  if (progress == LATER) return LATER;
  add_item(job, &item, identifier, progress == DONE ? &change : NULL);
  job->rest = rest;
  return MORE;
}

/* --- indices ----------------------------------------------------------------------------------------------- */

static enum progress run_create_index(const struct job_request *r) {
  struct index *index = catalog_find(r->index);
  if (index) {
    refuse(400, "resource_already_exists_exception", "index [%t/%s] already exists", r->index, index->uuid);
    return REFUSED;
  }
  enum progress progress = make_index(r->index, r->body, &index);
  if (progress != DONE || !r->client.connection) return progress;
  struct json json = {.limit = ANSWER_LIMIT};
  json_add(&json, "{\"acknowledged\":true,\"shards_acknowledged\":true,");
  add_text(&json, "index", r->index);
  json_add(&json, "}");
  reply(&r->client, 200, &json);
  return DONE;
}

static enum progress run_delete_index(const struct job_request *r) {
  struct index *index = catalog_find(r->index);
  if (!index) {
    refuse_no_index(r->index);
    return REFUSED;
  }
  if (log_ready(store, log_record_size(LOG_KEY_LIMIT, 0)) == LOG_BUSY) return LATER;
  size_t slot = catalog_slot(index);
  if (!catalog_delete(store, index)) return REFUSED;
  documents_abandon(slot);
  if (r->client.connection) reply_acknowledged(&r->client);
  return DONE;
}

/* ----------------------------------------------------------------------------------------------------------- */

static enum progress run(struct job *job) {
  if (store->failed) {
    refuse_status(LOG_FAILED);
    return REFUSED;
  }
  switch (job->request.kind) {
    case JOB_BULK: return run_bulk(job);
    case JOB_CREATE_INDEX: return run_create_index(&job->request);
    case JOB_DELETE_INDEX: return run_delete_index(&job->request);
    default: return run_document(job);
  }
}

/* Does something of the first job. False when it has to wait. */
static bool run_first(void) {
  struct job *job = first;
  bool wanted = job->request.client.connection != NULL;
  enum progress progress = wanted ? run(job) : DONE;
  if (progress == LATER) return false;
  if (progress == MORE) return true;
  first = job->next;
  if (!first) last = NULL;
  if (progress == REFUSED && job->request.client.connection) reply_problem(&job->request.client);
  free_job(job);
  return true;
}

void jobs_run(void) {
  static bool running;
  /* An answer can bring the next request of its connection. */
  if (running) return;
  running = true;
  /* The background comes first, so that it is never left behind for ever; then whenever the first job has to wait. */
  for (bool more = true, jobs = false; more; jobs = true) {
    if (solo5_clock_monotonic() - turn_time() > SLICE_NS) {
      runtime_hurry();
      break;
    }
    more = (jobs && first && run_first()) || documents_work() || (!jobs && first);
  }
  running = false;
}
