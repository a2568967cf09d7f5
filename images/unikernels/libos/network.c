#include <string.h>

#include "libos.h"

#include "lwip/dhcp.h"
#include "lwip/dns.h"
#include "lwip/etharp.h"
#include "lwip/netif.h"
#include "lwip/timeouts.h"
#include "netif/ethernet.h"

#define MAX_NICS 8
/* Frames of one device in a turn; what is left has its turn after the timers. */
#define FRAME_BUDGET 256
#define HEADER_SIZE 14

struct nic {
  struct netif netif;
  solo5_handle_t handle;
  /* What the next frame is read into. */
  struct pbuf *spare;
  struct network_counters counters;
};

static struct nic nics[MAX_NICS];
static size_t nic_count;
static uint8_t scratch[PBUF_POOL_BUFSIZE];

const struct network_counters *network_counters(const struct netif *netif) {
  return &((const struct nic *)netif->state)->counters;
}

static err_t send_frame(struct netif *netif, struct pbuf *frame) {
  struct nic *nic = netif->state;
  const uint8_t *bytes = frame->payload;
  if (frame->next) {
    bytes = scratch;
    if (frame->tot_len > sizeof scratch) return ERR_BUF;
    pbuf_copy_partial(frame, scratch, frame->tot_len, 0);
  }
  bool sent = solo5_net_write(nic->handle, bytes, frame->tot_len) == SOLO5_R_OK;
  if (sent) nic->counters.sent++;
  else nic->counters.send_drops++;
  return sent ? ERR_OK : ERR_BUF;
}

/* Reads one frame. False when there is none. */
static bool receive_frame(struct nic *nic) {
  if (!nic->spare) nic->spare = pbuf_alloc(PBUF_RAW, PBUF_POOL_BUFSIZE, PBUF_POOL);
  struct pbuf *frame = nic->spare;
  size_t size;
  uint8_t *buffer = frame ? frame->payload : scratch;
  if (solo5_net_read(nic->handle, buffer, PBUF_POOL_BUFSIZE, &size) != SOLO5_R_OK) return false;
  nic->counters.received++;
  if (!frame) {
    nic->counters.receive_drops++;
    return true;
  }
  nic->spare = NULL;
  pbuf_realloc(frame, (u16_t)size);
  if (nic->netif.input(frame, &nic->netif) != ERR_OK) pbuf_free(frame);
  return true;
}

static void receive(void *context) {
  struct nic *nic = context;
  for (int i = 0; i < FRAME_BUDGET; i++) {
    if (!receive_frame(nic)) return;
  }
}

static err_t init_netif(struct netif *netif) {
  netif->output = etharp_output;
  netif->linkoutput = send_frame;
  netif->name[0] = 'e';
  netif->name[1] = 'n';
  netif->hwaddr_len = SOLO5_NET_ALEN;
  netif->flags = NETIF_FLAG_BROADCAST | NETIF_FLAG_ETHARP | NETIF_FLAG_ETHERNET | NETIF_FLAG_LINK_UP;
  return ERR_OK;
}

static void say_address(struct netif *netif) {
  if (ip4_addr_isany(netif_ip4_addr(netif))) return;
  say("Address %i, mask %i, gateway %i", netif_ip4_addr(netif)->addr, netif_ip4_netmask(netif)->addr,
      netif_ip4_gw(netif)->addr);
}

static uint32_t address_option(const char *name) {
  const char *value = option(name);
  uint32_t address = 0;
  if (value && !parse_ipv4(value, &address)) give_up("--%s=%s is no IPv4 address", name, value);
  return address;
}

struct addressing {
  ip4_addr_t address, mask, gateway;
};

static struct addressing addressing_of(const char *device, bool first) {
  char name[96];
  format(name, sizeof name, first ? "ipv4" : "ipv4.%s", device);
  struct addressing found = {{0}, {0}, {0}};
  const char *value = option(name);
  if (value && !parse_ipv4_prefix(value, &found.address.addr, &found.mask.addr)) {
    give_up("--%s=%s is no IPv4 address with the length of its prefix, like 10.0.0.2/24", name, value);
  }
  if (first) found.gateway.addr = address_option("gateway");
  return found;
}

static void set_dns_server(void) {
  ip_addr_t server = {address_option("dns")};
  if (server.addr) dns_setserver(0, &server);
}

struct netif *network_start(const char *device) {
  if (nic_count == MAX_NICS) give_up("More than %u network devices", (uint32_t)MAX_NICS);
  struct nic *nic = &nics[nic_count];
  struct netif *netif = &nic->netif;
  struct solo5_net_info info;
  if (solo5_net_acquire(device, &nic->handle, &info) != SOLO5_R_OK) give_up("There is no network device %s", device);
  if (info.mtu + HEADER_SIZE > PBUF_POOL_BUFSIZE) info.mtu = PBUF_POOL_BUFSIZE - HEADER_SIZE;

  bool first = nic_count++ == 0;
  struct addressing with = addressing_of(device, first);
  netif_add(netif, &with.address, &with.mask, &with.gateway, nic, init_netif, ethernet_input);
  memcpy(netif->hwaddr, info.mac_address, SOLO5_NET_ALEN);
  netif->mtu = (u16_t)info.mtu;
  const char *hostname = option("hostname");
  netif_set_hostname(netif, hostname ? hostname : instance_name());
  netif_set_status_callback(netif, say_address);
  if (first) {
    netif_set_default(netif);
    set_dns_server();
  }
  runtime_watch(nic->handle, receive, nic);
  netif_set_up(netif);
  if (ip4_addr_isany_val(with.address)) dhcp_start(netif);
  return netif;
}
