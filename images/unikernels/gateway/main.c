/* lwIP with its calls exported: the services of the gateway are TypeScript. See gateway.h. */
#include "gateway.h"

#include "../include/manifest.h"
#include "lwip/netif.h"
#include "lwip/prot/ethernet.h"

SOLO5_MANIFEST(SOLO5_NET("service"));

uint8_t buffer[BUFFER_SIZE];
struct news news;
static struct netif *wire;

int program_start(void) {
  wire = network_start("service");
  metadata_start(wire);
  return 0;
}

SOLO5_EXPORT(gateway_buffer) uint8_t *gateway_buffer(void) { return buffer; }
SOLO5_EXPORT(gateway_news) struct news *gateway_news(void) { return &news; }

/* Sends a frame as it stands in the buffer: DHCP answers those that have no address yet, whom ARP cannot find. */
SOLO5_EXPORT(gateway_send_frame) int gateway_send_frame(uint32_t size) {
  if (size > (uint32_t)wire->mtu + SIZEOF_ETH_HDR) return ERR_VAL;
  struct pbuf *frame = pbuf_alloc(PBUF_RAW, (u16_t)size, PBUF_RAM);
  if (!frame) return ERR_MEM;
  pbuf_take(frame, buffer, (u16_t)size);
  err_t result = wire->linkoutput(wire, frame);
  pbuf_free(frame);
  return result;
}
