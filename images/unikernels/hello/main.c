/* Says hello: on the console, and to whoever connects by TCP or sends a datagram by UDP to port 7. */
#include <string.h>

#include "../include/manifest.h"
#include "../libos/libos.h"

#include "lwip/tcp.h"
#include "lwip/udp.h"

SOLO5_MANIFEST(SOLO5_NET("service"));

#define PORT 7

static char greeting[160];
static u16_t greeting_length;

static err_t greet(void *argument, struct tcp_pcb *pcb, err_t error) {
  (void)argument;
  if (error != ERR_OK || !pcb) return ERR_VAL;
  tcp_write(pcb, greeting, greeting_length, 0);
  if (tcp_close(pcb) == ERR_OK) return ERR_OK;
  tcp_abort(pcb);
  return ERR_ABRT;
}

static void answer(void *argument, struct udp_pcb *pcb, struct pbuf *data, const ip_addr_t *address, u16_t port) {
  (void)argument;
  struct pbuf *reply = pbuf_alloc(PBUF_TRANSPORT, greeting_length, PBUF_RAM);
  pbuf_free(data);
  if (!reply) return;
  pbuf_take(reply, greeting, greeting_length);
  udp_sendto(pcb, reply, address, port);
  pbuf_free(reply);
}

int program_start(void) {
  const char *whom = operand(0);
  greeting_length = (u16_t)format(greeting, sizeof greeting, "Hello, %s! This is %s.\n", whom ? whom : "world", instance_name());
  network_start("service");
  struct tcp_pcb *listener = tcp_new();
  struct udp_pcb *receiver = udp_new();
  if (!listener || tcp_bind(listener, IP_ADDR_ANY, PORT) != ERR_OK) give_up("Cannot listen on port %u", PORT);
  listener = tcp_listen(listener);
  tcp_accept(listener, greet);
  if (!receiver || udp_bind(receiver, IP_ADDR_ANY, PORT) != ERR_OK) give_up("Cannot receive on port %u", PORT);
  udp_recv(receiver, answer, NULL);
  solo5_console_write(greeting, greeting_length);
  return 0;
}
