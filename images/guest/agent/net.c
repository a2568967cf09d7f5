// NETWORK: makes an interface, the host's name and its resolver what the payload says, and removes what was
// there before. By ioctl and rtnetlink (man 7 netdevice, rtnetlink); nothing is forked.
//
// u8 flags, u32 index, string name, u8 mac[6], u32 mtu, string hostname,
// u16 n, n times { u8 family, u8 prefix, u8 address[16] },
// u16 n, n times { u8 family, u8 prefix, u8 destination[16], u8 has gateway, u8 gateway[16], u32 metric },
// string resolv.conf, string hosts.
// A family is 4 or 6; of an IPv4 address the first four bytes count. Neither index nor name: the first
// Ethernet interface. mtu 0 and an empty hostname leave what is there.
#include <errno.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent.h"

enum { HAS_MAC = 1, UP = 2, HAS_RESOLV = 4, HAS_HOSTS = 8 };

#define MAX_INDEX 256
#define MAX_ADDRESSES 64

struct address {
  uint8_t family;
  uint8_t prefix;
  const uint8_t *bytes;
};

struct route {
  struct address to;
  bool has_gateway;
  const uint8_t *gateway;
  uint32_t metric;
};

// --- interface ------------------------------------------------------------------------------------

static bool is_ethernet(int control, struct ifreq *request) {
  return ioctl(control, SIOCGIFHWADDR, request) == 0 && request->ifr_hwaddr.sa_family == ARPHRD_ETHER;
}

// Fills in the name; the index, or -errno.
static int find_interface(int control, uint32_t index, struct ifreq *request) {
  if (request->ifr_name[0]) {
    int found = ioctl(control, SIOCGIFINDEX, request) < 0 ? -errno : request->ifr_ifindex;
    return found;
  }
  uint32_t first = index ? index : 1, last = index ? index : MAX_INDEX;
  for (uint32_t i = first; i <= last; i++) {
    request->ifr_ifindex = (int)i;
    if (ioctl(control, SIOCGIFNAME, request) == 0 && (index || is_ethernet(control, request))) return (int)i;
  }
  return -ENODEV;
}

static int set_up(int control, struct ifreq *request, bool up) {
  if (ioctl(control, SIOCGIFFLAGS, request) < 0) return -errno;
  short flags = up ? request->ifr_flags | IFF_UP : request->ifr_flags & ~IFF_UP;
  if (flags == request->ifr_flags) return 0;
  request->ifr_flags = flags;
  return ioctl(control, SIOCSIFFLAGS, request) < 0 ? -errno : 0;
}

static int set_mac(int control, struct ifreq *request, const uint8_t *mac) {
  if (ioctl(control, SIOCGIFHWADDR, request) < 0) return -errno;
  if (memcmp(request->ifr_hwaddr.sa_data, mac, 6) == 0) return 0;
  struct sockaddr wanted = {.sa_family = request->ifr_hwaddr.sa_family};
  memcpy(wanted.sa_data, mac, 6);
  // Down first: not every driver changes it while up, and IPv6 makes a new link-local address this way.
  int error = set_up(control, request, false);
  if (error) return error;
  request->ifr_hwaddr = wanted;
  return ioctl(control, SIOCSIFHWADDR, request) < 0 ? -errno : 0;
}

static int set_mtu(int control, struct ifreq *request, uint32_t mtu) {
  request->ifr_mtu = (int)mtu;
  return ioctl(control, SIOCSIFMTU, request) < 0 ? -errno : 0;
}

// --- rtnetlink ------------------------------------------------------------------------------------

struct message {
  struct nlmsghdr header;
  union {
    struct ifaddrmsg address;
    struct rtmsg route;
  };
  uint8_t attributes[128];
};

static void add_attribute(struct message *m, uint16_t type, const void *data, uint16_t size) {
  struct rtattr *attribute = (struct rtattr *)((uint8_t *)m + NLMSG_ALIGN(m->header.nlmsg_len));
  attribute->rta_type = type;
  attribute->rta_len = (uint16_t)RTA_LENGTH(size);
  memcpy(RTA_DATA(attribute), data, size);
  m->header.nlmsg_len = NLMSG_ALIGN(m->header.nlmsg_len) + RTA_LENGTH(size);
}

// Sends one message and waits for the kernel's word on it.
static int talk(int netlink, void *message) {
  struct nlmsghdr *header = message;
  header->nlmsg_flags |= NLM_F_REQUEST | NLM_F_ACK;
  if (send(netlink, message, header->nlmsg_len, 0) < 0) return -errno;
  uint8_t answer[1024];
  ssize_t got = recv(netlink, answer, sizeof answer, 0);
  if (got < 0) return -errno;
  header = (struct nlmsghdr *)answer;
  if (!NLMSG_OK(header, (size_t)got) || header->nlmsg_type != NLMSG_ERROR) return -EPROTO;
  return ((struct nlmsgerr *)NLMSG_DATA(header))->error;
}

typedef bool (*wanted_fn)(const struct nlmsghdr *entry, const void *context);

#define MAX_DELETIONS 64
#define MAX_ENTRY 256

// Lists what the kernel has and deletes the entries that are not wanted.
static int delete_unwanted(int netlink, uint16_t get, uint16_t delete, wanted_fn unwanted, const void *context) {
  static uint8_t doomed[MAX_DELETIONS][MAX_ENTRY];
  int count = 0;
  struct message request = {.header = {.nlmsg_len = NLMSG_LENGTH(sizeof(struct rtmsg)),
                                       .nlmsg_type = get,
                                       .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP}};
  if (send(netlink, &request, request.header.nlmsg_len, 0) < 0) return -errno;
  for (bool done = false; !done;) {
    static uint8_t answer[16384];
    ssize_t got = recv(netlink, answer, sizeof answer, 0);
    if (got < 0) return -errno;
    size_t left = (size_t)got;
    for (struct nlmsghdr *entry = (struct nlmsghdr *)answer; NLMSG_OK(entry, left); entry = NLMSG_NEXT(entry, left)) {
      if (entry->nlmsg_type == NLMSG_DONE || entry->nlmsg_type == NLMSG_ERROR) done = true;
      else if (count < MAX_DELETIONS && entry->nlmsg_len <= MAX_ENTRY && unwanted(entry, context))
        memcpy(doomed[count++], entry, entry->nlmsg_len);
    }
  }
  for (int i = 0; i < count; i++) {
    struct nlmsghdr *entry = (struct nlmsghdr *)doomed[i];
    entry->nlmsg_type = delete;
    entry->nlmsg_flags = 0;
    int error = talk(netlink, entry);
    // Removing one address may take others with it.
    if (error && error != -EADDRNOTAVAIL && error != -ESRCH && error != -ENOENT) return error;
  }
  return 0;
}

static const void *find_attribute(const void *first, size_t length, uint16_t type, size_t size) {
  for (const struct rtattr *a = first; RTA_OK(a, length); a = RTA_NEXT(a, length)) {
    if (a->rta_type == type && RTA_PAYLOAD(a) >= size) return RTA_DATA(a);
  }
  return NULL;
}

static uint8_t family_number(const struct address *a) { return a->family == 6 ? AF_INET6 : AF_INET; }
static uint16_t family_size(const struct address *a) { return a->family == 6 ? 16 : 4; }

// --- addresses ------------------------------------------------------------------------------------

struct wanted {
  int index;
  const struct address *addresses;
  int count;
};

static bool address_unwanted(const struct nlmsghdr *entry, const void *context) {
  const struct wanted *wanted = context;
  const struct ifaddrmsg *has = NLMSG_DATA(entry);
  if (entry->nlmsg_type != RTM_NEWADDR || (int)has->ifa_index != wanted->index) return false;
  if (has->ifa_family != AF_INET && has->ifa_family != AF_INET6) return false;
  size_t size = has->ifa_family == AF_INET6 ? 16 : 4;
  const void *first = IFA_RTA(has);
  const uint8_t *bytes = find_attribute(first, IFA_PAYLOAD(entry), IFA_LOCAL, size);
  if (!bytes) bytes = find_attribute(first, IFA_PAYLOAD(entry), IFA_ADDRESS, size);
  // The link-local address of IPv6 is the kernel's own affair.
  if (!bytes || (size == 16 && bytes[0] == 0xfe && (bytes[1] & 0xc0) == 0x80)) return false;
  for (int i = 0; i < wanted->count; i++) {
    const struct address *a = &wanted->addresses[i];
    if (family_size(a) == size && a->prefix == has->ifa_prefixlen && memcmp(a->bytes, bytes, size) == 0) return false;
  }
  return true;
}

static int add_address(int netlink, int index, const struct address *a) {
  struct message m = {.header = {.nlmsg_len = NLMSG_LENGTH(sizeof m.address),
                                 .nlmsg_type = RTM_NEWADDR,
                                 .nlmsg_flags = NLM_F_CREATE | NLM_F_REPLACE},
                      .address = {.ifa_family = family_number(a),
                                  .ifa_prefixlen = a->prefix,
                                  // In use at once: who gives addresses here has made sure of them.
                                  .ifa_flags = a->family == 6 ? IFA_F_NODAD : 0,
                                  .ifa_index = (uint32_t)index}};
  add_attribute(&m, IFA_LOCAL, a->bytes, family_size(a));
  add_attribute(&m, IFA_ADDRESS, a->bytes, family_size(a));
  if (a->family == 4 && a->prefix < 31) {
    uint8_t broadcast[4];
    for (int i = 0; i < 4; i++) {
      int bits = a->prefix - 8 * i;
      uint8_t host = bits <= 0 ? 0xff : bits >= 8 ? 0 : (uint8_t)(0xff >> bits);
      broadcast[i] = a->bytes[i] | host;
    }
    add_attribute(&m, IFA_BROADCAST, broadcast, 4);
  }
  return talk(netlink, &m.header);
}

// --- routes ---------------------------------------------------------------------------------------

static bool route_of_interface(const struct nlmsghdr *entry, const void *context) {
  const int *index = context;
  const struct rtmsg *route = NLMSG_DATA(entry);
  if (entry->nlmsg_type != RTM_NEWROUTE || route->rtm_table != RT_TABLE_MAIN) return false;
  // The kernel makes its own by the addresses.
  if (route->rtm_protocol == RTPROT_KERNEL || (route->rtm_flags & RTM_F_CLONED)) return false;
  if (route->rtm_family != AF_INET && route->rtm_family != AF_INET6) return false;
  const int *out = find_attribute(RTM_RTA(route), RTM_PAYLOAD(entry), RTA_OIF, sizeof *out);
  return out && *out == *index;
}

static int add_route(int netlink, int index, const struct route *r) {
  struct message m = {.header = {.nlmsg_len = NLMSG_LENGTH(sizeof m.route),
                                 .nlmsg_type = RTM_NEWROUTE,
                                 .nlmsg_flags = NLM_F_CREATE | NLM_F_REPLACE},
                      .route = {.rtm_family = family_number(&r->to),
                                .rtm_dst_len = r->to.prefix,
                                .rtm_table = RT_TABLE_MAIN,
                                .rtm_protocol = RTPROT_STATIC,
                                .rtm_scope = r->has_gateway ? RT_SCOPE_UNIVERSE : RT_SCOPE_LINK,
                                .rtm_type = RTN_UNICAST}};
  if (r->to.prefix > 0) add_attribute(&m, RTA_DST, r->to.bytes, family_size(&r->to));
  if (r->has_gateway) add_attribute(&m, RTA_GATEWAY, r->gateway, family_size(&r->to));
  add_attribute(&m, RTA_OIF, &index, sizeof index);
  if (r->metric) add_attribute(&m, RTA_PRIORITY, &r->metric, sizeof r->metric);
  return talk(netlink, &m.header);
}

// --- the payload ----------------------------------------------------------------------------------

struct network {
  uint8_t flags;
  uint32_t index;
  char name[IFNAMSIZ];
  const uint8_t *mac;
  uint32_t mtu;
  char hostname[65];
  struct address addresses[MAX_ADDRESSES];
  int address_count;
  struct route routes[MAX_ADDRESSES];
  int route_count;
  struct text resolv, hosts;
};

static struct address read_address(struct reader *r) {
  struct address a = {.family = read_u8(r), .prefix = read_u8(r)};
  a.bytes = read_bytes(r, 16);
  if ((a.family != 4 && a.family != 6) || a.prefix > family_size(&a) * 8) r->failed = true;
  return a;
}

static int read_count(struct reader *r) {
  uint16_t count = read_u16(r);
  if (count > MAX_ADDRESSES) r->failed = true;
  return r->failed ? 0 : count;
}

static bool read_network(struct reader *r, struct network *n) {
  n->flags = read_u8(r);
  n->index = read_u32(r);
  read_string(r, n->name, sizeof n->name);
  n->mac = read_bytes(r, 6);
  n->mtu = read_u32(r);
  read_string(r, n->hostname, sizeof n->hostname);
  n->address_count = read_count(r);
  for (int i = 0; i < n->address_count; i++) n->addresses[i] = read_address(r);
  n->route_count = read_count(r);
  for (int i = 0; i < n->route_count; i++) {
    struct route *route = &n->routes[i];
    route->to = read_address(r);
    route->has_gateway = read_u8(r);
    route->gateway = read_bytes(r, 16);
    route->metric = read_u32(r);
  }
  n->resolv = read_text(r);
  n->hosts = read_text(r);
  return !r->failed && r->at == r->end;
}

static int apply_routing(int netlink, int index, const struct network *n, const char **what) {
  struct wanted wanted = {index, n->addresses, n->address_count};
  *what = "old routes";
  int error = delete_unwanted(netlink, RTM_GETROUTE, RTM_DELROUTE, route_of_interface, &index);
  if (error) return error;
  *what = "old addresses";
  error = delete_unwanted(netlink, RTM_GETADDR, RTM_DELADDR, address_unwanted, &wanted);
  *what = "address";
  for (int i = 0; !error && i < n->address_count; i++) error = add_address(netlink, index, &n->addresses[i]);
  if (error || !(n->flags & UP)) return error;
  *what = "route";
  for (int i = 0; !error && i < n->route_count; i++) error = add_route(netlink, index, &n->routes[i]);
  return error;
}

static int apply_interface(int control, int netlink, const struct network *n, const char **what) {
  struct ifreq request = {0};
  memcpy(request.ifr_name, n->name, sizeof n->name);
  *what = "interface";
  int index = find_interface(control, n->index, &request);
  if (index == -ENODEV && !n->index && !n->name[0] && !(n->flags & HAS_MAC) && !n->address_count) return 0;
  if (index < 0) return index;
  *what = "MAC address";
  int error = n->flags & HAS_MAC ? set_mac(control, &request, n->mac) : 0;
  if (error) return error;
  *what = "MTU";
  error = n->mtu ? set_mtu(control, &request, n->mtu) : 0;
  if (error) return error;
  *what = "link state";
  error = set_up(control, &request, n->flags & UP);
  if (error) return error;
  return apply_routing(netlink, index, n, what);
}

static int apply_names(const struct network *n, const char **what) {
  int error = n->hostname[0] ? hostname_set(n->hostname, what) : 0;
  if (error) return error;
  *what = "resolv.conf";
  if (n->flags & HAS_RESOLV) error = file_write("/etc/resolv.conf", n->resolv.bytes, n->resolv.length);
  if (error) return error;
  *what = "hosts";
  return n->flags & HAS_HOSTS ? file_write("/etc/hosts", n->hosts.bytes, n->hosts.length) : 0;
}

int network_apply(struct reader *r, const char **what) {
  static struct network network;
  memset(&network, 0, sizeof network);
  *what = "network payload";
  if (!read_network(r, &network)) return -EINVAL;
  int error = apply_names(&network, what);
  if (error) return error;

  *what = "sockets";
  int control = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  int netlink = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
  error = control < 0 || netlink < 0 ? -errno : apply_interface(control, netlink, &network, what);
  if (control >= 0) close(control);
  if (netlink >= 0) close(netlink);
  return error;
}
