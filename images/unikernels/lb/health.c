#include "health.h"

#include <string.h>

#include "pool.h"

#include "lwip/tcp.h"
#include "lwip/timeouts.h"

/* "HTTP/1.1 200" */
#define STATUS_LENGTH 12

struct check {
  struct tcp_pcb *pcb;
  struct backend *backend;
  uint32_t address;
  char answer[STATUS_LENGTH];
  size_t length;
};

static struct check checks[MAX_BACKENDS];
static uint32_t interval_ms;
static const char *path;

/* A place may have been given to another backend while it was asked. */
static void conclude(struct check *check, bool alive) {
  struct backend *backend = check->backend;
  if (!backend->used || backend->address != check->address) return;
  if (alive) pool_succeeded(backend);
  else pool_failed(backend);
}

static void detach(struct check *check) {
  struct tcp_pcb *pcb = check->pcb;
  check->pcb = NULL;
  tcp_arg(pcb, NULL);
  tcp_recv(pcb, NULL);
  tcp_err(pcb, NULL);
  tcp_abort(pcb);
}

static bool is_success(const struct check *check) {
  return check->length == STATUS_LENGTH && memcmp(check->answer, "HTTP/1.", 7) == 0 &&
         (check->answer[9] == '2' || check->answer[9] == '3');
}

static err_t on_receive(void *argument, struct tcp_pcb *pcb, struct pbuf *data, err_t error) {
  struct check *check = argument;
  (void)error;
  if (data) {
    check->length += pbuf_copy_partial(data, check->answer + check->length, (u16_t)(STATUS_LENGTH - check->length), 0);
    tcp_recved(pcb, data->tot_len);
    pbuf_free(data);
    if (check->length < STATUS_LENGTH) return ERR_OK;
  }
  bool alive = is_success(check);
  detach(check);
  conclude(check, alive);
  return ERR_ABRT;
}

static err_t on_connected(void *argument, struct tcp_pcb *pcb, err_t error) {
  struct check *check = argument;
  char request[320];
  (void)error;
  if (path) {
    size_t length = format(request, sizeof request, "GET %s HTTP/1.1\r\nHost: %i\r\nConnection: close\r\n\r\n", path,
                           check->address);
    return tcp_write(pcb, request, (u16_t)length, TCP_WRITE_FLAG_COPY);
  }
  detach(check);
  conclude(check, true);
  return ERR_ABRT;
}

static void on_error(void *argument, err_t error) {
  struct check *check = argument;
  (void)error;
  check->pcb = NULL;
  conclude(check, false);
}

static void start(struct check *check, struct backend *backend) {
  ip_addr_t address = {backend->address};
  struct tcp_pcb *pcb = tcp_new();
  /* Without memory nothing has been learnt about the backend. */
  if (!pcb) return;
  *check = (struct check){.pcb = pcb, .backend = backend, .address = backend->address};
  tcp_arg(pcb, check);
  tcp_recv(pcb, on_receive);
  tcp_err(pcb, on_error);
  if (tcp_connect(pcb, &address, backend->port, on_connected) == ERR_OK) return;
  detach(check);
}

static void check_all(void *context) {
  (void)context;
  for (size_t i = 0; i < MAX_BACKENDS; i++) {
    struct check *check = &checks[i];
    if (check->pcb) {
      detach(check);
      conclude(check, false);
    }
    if (pool.backends[i].used) start(check, &pool.backends[i]);
  }
  sys_timeout(interval_ms, check_all, NULL);
}

void health_start(uint32_t interval, const char *check_path) {
  interval_ms = interval;
  path = check_path;
  check_all(NULL);
}
