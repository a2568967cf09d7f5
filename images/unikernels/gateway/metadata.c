/* A second address on the same wire, which guests reach by their route to the gateway, or by ARP if they think it near. */
#include "gateway.h"

#include <string.h>

#include "lwip/etharp.h"
#include "lwip/netif.h"
#include "netif/ethernet.h"

static struct netif metadata;
static netif_input_fn input_of_main;

static bool asks_for_metadata(const struct pbuf *frame) {
  if (frame->len < SIZEOF_ETH_HDR + SIZEOF_ETHARP_HDR) return false;
  const struct eth_hdr *ethernet = frame->payload;
  if (ethernet->type != PP_HTONS(ETHTYPE_ARP)) return false;
  const struct etharp_hdr *arp = (const void *)((const uint8_t *)frame->payload + SIZEOF_ETH_HDR);
  uint32_t target;
  memcpy(&target, &arp->dipaddr, sizeof target);
  return target == METADATA_ADDRESS;
}

static err_t receive(struct pbuf *frame, struct netif *main) {
  return asks_for_metadata(frame) ? ethernet_input(frame, &metadata) : input_of_main(frame, main);
}

static err_t init_metadata(struct netif *netif) {
  const struct netif *main = netif->state;
  netif->state = main->state;
  netif->output = main->output;
  netif->linkoutput = main->linkoutput;
  netif->name[0] = 'm';
  netif->name[1] = 'd';
  netif->mtu = main->mtu;
  netif->hwaddr_len = main->hwaddr_len;
  memcpy(netif->hwaddr, main->hwaddr, sizeof main->hwaddr);
  netif->flags = NETIF_FLAG_ETHARP | NETIF_FLAG_ETHERNET | NETIF_FLAG_LINK_UP;
  return ERR_OK;
}

void metadata_start(struct netif *main) {
  const ip4_addr_t address = {METADATA_ADDRESS}, mask = {0xffffffff}, none = {0};
  netif_add(&metadata, &address, &mask, &none, main, init_metadata, ethernet_input);
  netif_set_up(&metadata);
  netif_set_default(main);
  input_of_main = main->input;
  main->input = receive;
}
