#include "pool.h"

#include <string.h>

struct pool pool = {.fall = 2, .rise = 1};

static const char *const algorithms[] = {"round-robin", "least-connections", "source-hash"};

bool pool_parse_algorithm(const char *name, enum algorithm *algorithm) {
  for (int i = 0; i < 3; i++) {
    if (strcmp(name, algorithms[i]) != 0) continue;
    *algorithm = (enum algorithm)i;
    return true;
  }
  return false;
}

const char *pool_algorithm_name(enum algorithm algorithm) { return algorithms[algorithm]; }

bool pool_parse_address(struct text text, uint32_t *address, uint16_t *port) {
  char host[16];
  struct text first = text_split(&text, ':');
  uint64_t number;
  if (first.length >= sizeof host || !text_number(text, 65535, &number) || number == 0) return false;
  memcpy(host, first.bytes, first.length);
  host[first.length] = 0;
  *port = (uint16_t)number;
  return parse_ipv4(host, address);
}

struct backend *pool_find(uint32_t address, uint16_t port) {
  for (size_t i = 0; i < MAX_BACKENDS; i++) {
    struct backend *backend = &pool.backends[i];
    if (backend->used && backend->address == address && backend->port == port) return backend;
  }
  return NULL;
}

struct backend *pool_add(uint32_t address, uint16_t port) {
  struct backend *backend = pool_find(address, port);
  for (size_t i = 0; !backend && i < MAX_BACKENDS; i++) {
    if (pool.backends[i].used) continue;
    backend = &pool.backends[i];
    /* It is taken for alive until it shows otherwise. */
    *backend = (struct backend){.used = true, .up = true, .address = address, .port = port};
  }
  if (backend) backend->draining = backend->removing = false;
  return backend;
}

static void remove_if_idle(struct backend *backend) {
  if (backend->removing && backend->active == 0) backend->used = false;
}

void pool_remove(struct backend *backend) {
  backend->draining = backend->removing = true;
  remove_if_idle(backend);
}

uint64_t pool_bit(const struct backend *backend) { return 1ull << (backend - pool.backends); }

static bool serves(const struct backend *backend, uint64_t tried) {
  return backend->used && backend->up && !backend->draining && !(pool_bit(backend) & tried);
}

/* A client keeps its backend when others come or go: the backend with the highest number wins (rendezvous hashing). */
static uint32_t weight(uint32_t client, const struct backend *backend) {
  uint32_t hash = client * 0x9e3779b1u ^ (backend->address + backend->port) * 0x85ebca6bu;
  hash ^= hash >> 15;
  hash *= 0x2c1b3c6du;
  hash ^= hash >> 12;
  hash *= 0x297a2d39u;
  return hash ^ hash >> 15;
}

static bool is_better(uint32_t client, const struct backend *one, const struct backend *than) {
  if (!than) return true;
  switch (pool.algorithm) {
    case LEAST_CONNECTIONS: return one->active < than->active;
    case SOURCE_HASH: return weight(client, one) > weight(client, than);
    default: return false;
  }
}

struct backend *pool_pick(uint32_t client, uint64_t tried) {
  struct backend *best = NULL;
  /* Each search begins after the last one's choice, so that among equals they take turns. */
  for (size_t i = 1; i <= MAX_BACKENDS; i++) {
    struct backend *backend = &pool.backends[(pool.turn + i) % MAX_BACKENDS];
    if (serves(backend, tried) && is_better(client, backend, best)) best = backend;
  }
  if (best) pool.turn = (size_t)(best - pool.backends);
  return best;
}

void pool_connected(struct backend *backend) {
  backend->active++;
  backend->connections++;
}

void pool_disconnected(struct backend *backend) {
  backend->active--;
  remove_if_idle(backend);
}

void pool_succeeded(struct backend *backend) {
  backend->failures = 0;
  if (backend->up || ++backend->successes < pool.rise) return;
  backend->up = true;
  say("Backend %i:%u is up", backend->address, (uint32_t)backend->port);
}

void pool_failed(struct backend *backend) {
  backend->successes = 0;
  if (!backend->up || ++backend->failures < pool.fall) return;
  backend->up = false;
  say("Backend %i:%u is down", backend->address, (uint32_t)backend->port);
  pool.on_down(backend);
}
