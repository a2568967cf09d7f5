#include "network.h"

#include <errno.h>
#include <linux/if_link.h>
#include <linux/veth.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "error.h"
#include "interface.h"
#include "netlink.h"

// --- reading --------------------------------------------------------------------------------------

static int copy_name(char to[IFNAMSIZ], const struct json *from, const char *what) {
  const char *name = json_text(from, "");
  if (strlen(name) >= IFNAMSIZ || strchr(name, '/') || strchr(name, ' ')) {
    return fail(INVALID_ARGUMENT, "%s: no name of an interface, which has at most 15 characters: %s", what, name);
  }
  strcpy(to, name);
  return 0;
}

// Of the id's last digits, which differ where its first are a common name's.
static void make_host_name(char name[IFNAMSIZ], const char *id, size_t index) {
  uint32_t hash = 2166136261u;
  for (const char *c = id; *c; c++) hash = (hash ^ (uint8_t)*c) * 16777619u;
  snprintf(name, IFNAMSIZ, "veth%08x%zx", (unsigned)hash, index);
}

static bool parse_mac(const char *text, uint8_t mac[6]) {
  for (int i = 0; i < 6; i++) {
    char *end;
    unsigned long byte = strtoul(text, &end, 16);
    if (end == text || byte > 255 || *end != (i < 5 ? ':' : 0)) return false;
    mac[i] = (uint8_t)byte;
    text = end + 1;
  }
  return true;
}

static int parse_interface(const struct json *item, const char *id, size_t index, struct interface *interface) {
  if (copy_name(interface->name, json_get(item, "name"), "name") < 0 ||
      copy_name(interface->host, json_get(item, "host"), "host") < 0 ||
      copy_name(interface->bridge, json_get(item, "bridge"), "bridge") < 0) {
    return -1;
  }
  if (!*interface->name) snprintf(interface->name, IFNAMSIZ, "eth%zu", index);
  if (!*interface->host) make_host_name(interface->host, id, index);
  const char *mac = json_text(json_get(item, "mac"), NULL);
  interface->has_mac = mac != NULL;
  if (mac && !parse_mac(mac, interface->mac)) return fail(INVALID_ARGUMENT, "%s: %s is no MAC address", interface->name, mac);
  uint64_t mtu;
  if (json_uint(json_get(item, "mtu"), &mtu)) interface->mtu = (uint32_t)mtu;
  interface->addresses = json_get(item, "addresses");
  interface->routes = json_get(item, "routes");
  return 0;
}

int network_parse(struct arena *arena, const struct json *config, const char *id, struct network *network) {
  *network = (struct network){0};
  const char *text = json_text(json_get(json_get(config, "annotations"), "org.strata.network"), NULL);
  if (!text) return 0;
  const struct json *list = json_parse(arena, arena_copy(arena, text, strlen(text)), strlen(text));
  if (!list) return -1;
  json_each(item, list) {
    if (network->count == MAX_INTERFACES) return fail(INVALID_ARGUMENT, "More than %d interfaces", MAX_INTERFACES);
    if (parse_interface(item, id, network->count, &network->interfaces[network->count]) < 0) return -1;
    network->count++;
  }
  return 0;
}

void network_write(struct text *out, const struct network *network) {
  text_add(out, "[");
  for (size_t i = 0; i < network->count; i++) {
    const struct interface *interface = &network->interfaces[i];
    text_comma(out);
    text_add(out, "{");
    text_member(out, "name", interface->name);
    text_member(out, "host", interface->host);
    if (*interface->bridge) text_member(out, "bridge", interface->bridge);
    text_add(out, "}");
  }
  text_add(out, "]");
}

// --- on the host ----------------------------------------------------------------------------------

static int create_pair(int netlink, const struct interface *interface, int pid) {
  struct message m;
  struct ifinfomsg *link = message_begin(&m, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, sizeof *link);
  link->ifi_flags = IFF_UP;
  link->ifi_change = IFF_UP;
  message_text(&m, IFLA_IFNAME, interface->host);
  if (interface->mtu) message_u32(&m, IFLA_MTU, interface->mtu);
  if (*interface->bridge) {
    unsigned bridge = if_nametoindex(interface->bridge);
    if (!bridge) return fail_os("bridge %s", interface->bridge);
    message_u32(&m, IFLA_MASTER, bridge);
  }
  struct rtattr *info = message_open(&m, IFLA_LINKINFO);
  message_text(&m, IFLA_INFO_KIND, "veth");
  struct rtattr *data = message_open(&m, IFLA_INFO_DATA);
  struct rtattr *peer = message_open(&m, VETH_INFO_PEER);
  memset(message_room(&m, sizeof(struct ifinfomsg)), 0, sizeof(struct ifinfomsg));
  message_text(&m, IFLA_IFNAME, interface->name);
  if (interface->has_mac) message_add(&m, IFLA_ADDRESS, interface->mac, 6);
  if (interface->mtu) message_u32(&m, IFLA_MTU, interface->mtu);
  message_u32(&m, IFLA_NET_NS_PID, (uint32_t)pid);
  message_close(&m, peer);
  message_close(&m, data);
  message_close(&m, info);
  int error = netlink_talk(netlink, &m);
  if (!error) return 0;
  errno = -error;
  return fail_os("interface %s, outside %s", interface->name, interface->host);
}

int network_create(const struct network *network, int pid) {
  if (network->count == 0) return 0;
  int netlink = netlink_open();
  if (netlink < 0) return fail_os("rtnetlink");
  int result = 0;
  for (size_t i = 0; i < network->count && result == 0; i++) result = create_pair(netlink, &network->interfaces[i], pid);
  close(netlink);
  return result;
}

void network_remove(const struct network *network) {
  int netlink = network->count > 0 ? netlink_open() : -1;
  if (netlink < 0) return;
  for (size_t i = 0; i < network->count; i++) {
    struct message m;
    message_begin(&m, RTM_DELLINK, 0, sizeof(struct ifinfomsg));
    message_text(&m, IFLA_IFNAME, network->interfaces[i].host);
    // It has gone with the namespace of its other end, or does so now.
    netlink_talk(netlink, &m);
  }
  close(netlink);
}

// --- inside ---------------------------------------------------------------------------------------

static int configure_interface(int netlink, const struct interface *interface) {
  unsigned index = if_nametoindex(interface->name);
  if (!index) return fail_os("interface %s", interface->name);
  if (interface_up(netlink, index, interface->name) < 0) return -1;
  json_each(address, interface->addresses) {
    if (interface_add_address(netlink, index, json_text(address, "")) < 0) return -1;
  }
  json_each(route, interface->routes) {
    const char *to = json_text(json_get(route, "to"), "default"), *via = json_text(json_get(route, "via"), NULL);
    if (interface_add_route(netlink, index, to, via) < 0) return -1;
  }
  return 0;
}

int network_configure(const struct network *network) {
  int netlink = netlink_open();
  if (netlink < 0) return fail_os("rtnetlink");
  // lo is the first of every namespace.
  int result = interface_up(netlink, 1, "lo");
  for (size_t i = 0; i < network->count && result == 0; i++) {
    result = configure_interface(netlink, &network->interfaces[i]);
  }
  close(netlink);
  return result;
}
