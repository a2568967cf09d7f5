/* The backends of a load balancer: which there are, which of them answers, and whose turn it is. */
#ifndef LB_POOL_H
#define LB_POOL_H

#include "../libos/libos.h"

#define MAX_BACKENDS 64

enum algorithm { ROUND_ROBIN, LEAST_CONNECTIONS, SOURCE_HASH };

struct backend {
  bool used, up;
  /* It gets no new connections; when it is to be removed, it is gone after the last one. */
  bool draining, removing;
  uint32_t address;
  uint16_t port;
  /* In a row. */
  uint32_t failures, successes;
  uint32_t active;
  uint64_t connections, failed, sent, received;
};

struct pool {
  struct backend backends[MAX_BACKENDS];
  enum algorithm algorithm;
  /* Failures in a row that take a backend out, successes that bring it back. */
  uint32_t fall, rise;
  size_t turn;
  /* Called when a backend has been found dead; its connections are of no use. */
  void (*on_down)(struct backend *backend);
};

extern struct pool pool;

bool pool_parse_algorithm(const char *name, enum algorithm *algorithm);
const char *pool_algorithm_name(enum algorithm algorithm);
/* Parses "a.b.c.d:port". */
bool pool_parse_address(struct text text, uint32_t *address, uint16_t *port);

struct backend *pool_find(uint32_t address, uint16_t port);
/* Adds a backend, or takes one that is there back into service. NULL when there are too many. */
struct backend *pool_add(uint32_t address, uint16_t port);
void pool_remove(struct backend *backend);

/* Whose turn it is for a client, not counting those in `tried` (a bit for each). NULL when there is none. */
struct backend *pool_pick(uint32_t client, uint64_t tried);
uint64_t pool_bit(const struct backend *backend);

void pool_connected(struct backend *backend);
void pool_disconnected(struct backend *backend);
/* What a check, or a connection, has found. */
void pool_succeeded(struct backend *backend);
void pool_failed(struct backend *backend);

#endif
