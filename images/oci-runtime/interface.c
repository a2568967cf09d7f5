#include "interface.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "netlink.h"

struct address {
  uint8_t family, prefix;
  uint8_t bytes[16];
};

static size_t address_size(const struct address *address) { return address->family == AF_INET ? 4 : 16; }

// "10.0.0.1/24"; without a prefix it is the address alone.
static int parse_address(const char *text, struct address *address) {
  char bare[64];
  size_t length = strcspn(text, "/");
  char *end = NULL;
  unsigned long prefix = text[length] ? strtoul(text + length + 1, &end, 10) : 0;
  *address = (struct address){.family = strchr(text, ':') ? AF_INET6 : AF_INET};
  if (length >= sizeof bare) return fail(INVALID_ARGUMENT, "%s is no address", text);
  memcpy(bare, text, length);
  bare[length] = 0;
  unsigned bits = (unsigned)address_size(address) * 8;
  if (!text[length]) prefix = bits;
  if ((end && (*end || end == text + length + 1)) || prefix > bits || inet_pton(address->family, bare, address->bytes) != 1) {
    return fail(INVALID_ARGUMENT, "%s is no address", text);
  }
  address->prefix = (uint8_t)prefix;
  return 0;
}

int interface_up(int netlink, unsigned index, const char *name) {
  struct message m;
  struct ifinfomsg *link = message_begin(&m, RTM_NEWLINK, 0, sizeof *link);
  link->ifi_index = (int)index;
  link->ifi_flags = link->ifi_change = IFF_UP;
  int error = netlink_talk(netlink, &m);
  if (!error) return 0;
  errno = -error;
  return fail_os("%s up", name);
}

int interface_add_address(int netlink, unsigned index, const char *text) {
  struct address address;
  if (parse_address(text, &address) < 0) return -1;
  struct message m;
  struct ifaddrmsg *body = message_begin(&m, RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE, sizeof *body);
  body->ifa_family = address.family;
  body->ifa_prefixlen = address.prefix;
  body->ifa_index = index;
  // Who assigned it has made sure that nobody else has it, and it has to be usable at once.
  if (address.family == AF_INET6) body->ifa_flags = IFA_F_NODAD;
  size_t size = address_size(&address);
  message_add(&m, IFA_LOCAL, address.bytes, size);
  message_add(&m, IFA_ADDRESS, address.bytes, size);
  if (address.family == AF_INET && address.prefix < 31) {
    uint8_t broadcast[4];
    uint32_t host = htonl(0xffffffffu >> address.prefix), bits;
    memcpy(&bits, address.bytes, 4);
    bits |= host;
    memcpy(broadcast, &bits, 4);
    message_add(&m, IFA_BROADCAST, broadcast, 4);
  }
  int error = netlink_talk(netlink, &m);
  if (!error) return 0;
  errno = -error;
  return fail_os("address %s", text);
}

int interface_add_route(int netlink, unsigned index, const char *to, const char *via) {
  struct address target = {.family = AF_INET}, gateway;
  bool is_default = strcmp(to, "default") == 0;
  if (via && parse_address(via, &gateway) < 0) return -1;
  if (is_default && via) target.family = gateway.family;
  if (!is_default && parse_address(to, &target) < 0) return -1;
  struct message m;
  struct rtmsg *body = message_begin(&m, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE, sizeof *body);
  body->rtm_family = target.family;
  body->rtm_dst_len = target.prefix;
  body->rtm_table = RT_TABLE_MAIN;
  body->rtm_protocol = RTPROT_STATIC;
  body->rtm_type = RTN_UNICAST;
  body->rtm_scope = via ? RT_SCOPE_UNIVERSE : RT_SCOPE_LINK;
  if (target.prefix) message_add(&m, RTA_DST, target.bytes, address_size(&target));
  if (via) message_add(&m, RTA_GATEWAY, gateway.bytes, address_size(&gateway));
  message_u32(&m, RTA_OIF, index);
  int error = netlink_talk(netlink, &m);
  if (!error) return 0;
  errno = -error;
  return fail_os("route to %s via %s", to, via ? via : "its interface");
}
