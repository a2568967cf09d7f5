/*
 * A search engine over HTTP, on the block device "data": one shard, with Elasticsearch's verbs. Options: --port=9200.
 *
 *   routes.c      what is asked for           documents.c   the documents, in the log
 *   jobs.c        changes, one by one         recent.c      the inverted index of the last ones, in memory
 *   searches.c    queries and their hits      segments.c    that of all others, in the log
 */
#include "../include/manifest.h"
#include "../libos/libos.h"
#include "../store/device.h"
#include "documents.h"
#include "jobs.h"
#include "reply.h"
#include "routes.h"
#include "segments.h"

SOLO5_MANIFEST(SOLO5_NET("service") "," SOLO5_BLOCK("data"));

/* Keys that are looked at between two looks at the clock, and the time that reading takes of a turn. */
#define LOAD_PART 256
#define LOAD_NS 20000000u

static struct log *store;

/* --- the start: what is in the log, a little in each turn ---------------------------------------------------- */

/* In this order: documents belong to indices, chunks to the manifest. */
static enum { LOAD_INDICES, LOAD_DOCUMENTS, LOAD_SEGMENTS, LOAD_WORDS, LOADED } loading;
static size_t load_place;
static const char *load_problem;

static bool load_index(void *context, struct text key, const struct log_found *found) {
  (void)context;
  static uint8_t value[LOG_VALUE_LIMIT];
  bool index = key.bytes[0] == 'i', manifest = text_is(key, "m");
  if (!index && !manifest) return true;
  if (!log_read_value(store, found, 0, value, found->value_length)) return false;
  struct text name = {key.bytes + 1, key.length - 1};
  size_t length = found->value_length;
  if (index ? catalog_load(name, value, length) : segments_load_manifest(value, length)) return true;
  load_problem = "An index or the list of segments cannot be read";
  return false;
}

static bool load_document(void *context, struct text key, const struct log_found *found) {
  (void)context;
  if (key.bytes[0] == 's') segments_load_chunk(key);
  if (key.bytes[0] == 'd') load_problem = documents_load(store, key, found);
  return !load_problem;
}

static void gone(struct http_connection *connection) {
  reply_gone(connection);
  jobs_gone(connection);
}

/* On the network only now: who asks earlier asks again. */
static void serve(size_t recent) {
  static struct http_server server = {.handle = routes_handle, .body_limit = BODY_LIMIT, .gone = gone,
                                      .refuse = reply_refused};
  server.port = (uint16_t)option_number("port", 9200, 65535);
  reply_begin(store);
  jobs_begin(store);
  routes_begin(store);
  network_start("service");
  http_serve(&server);
  say("%u documents in %u indices; %u segments, and the words of %u documents that came after them",
      (uint32_t)documents_count(), (uint32_t)catalog_count(), (uint32_t)segments.count, (uint32_t)recent);
  say("%U of %U bytes used; serving on port %u", store->live_bytes, log_capacity(store), server.port);
}

static void load_part(void) {
  size_t recent = 0;
  bool more = false;
  switch (loading) {
    case LOAD_INDICES: more = log_some(store, &load_place, LOAD_PART, load_index, NULL); break;
    case LOAD_DOCUMENTS: more = log_some(store, &load_place, LOAD_PART, load_document, NULL); break;
    case LOAD_SEGMENTS: load_problem = segments_open(); break;
    case LOAD_WORDS: load_problem = documents_open(store, &recent); break;
    case LOADED: return;
  }
  if (store->failed) load_problem = "The disk has failed";
  if (load_problem) give_up("data: %s", load_problem);
  if (more) return;
  load_place = 0;
  if (++loading == LOADED) serve(recent);
}

static void load(void) {
  uint64_t end = solo5_clock_monotonic() + LOAD_NS;
  while (loading != LOADED && solo5_clock_monotonic() < end) load_part();
  if (loading != LOADED) runtime_hurry();
}

static void opens(struct log *log) {
  store = segments.log = log;
  load();
}

/* ------------------------------------------------------------------------------------------------------------- */

static void settled(struct log *log) {
  (void)log;
  if (loading != LOADED) return;
  reply_settled();
  jobs_run();
}

static void after_turn(void *context) {
  (void)context;
  if (!store) return;
  if (loading == LOADED) jobs_run();
  else load();
}

int program_start(void) {
  /* Before the log is committed at the end of a turn. */
  runtime_after(after_turn, NULL);
  store_open("data", opens, settled);
  return 0;
}
