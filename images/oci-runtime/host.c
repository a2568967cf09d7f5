#include "host.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../container-files/draft-name.h"
#include "error.h"
#include "file.h"
#include "interface.h"
#include "netlink.h"

// Where the page looks for all of this: src/runtime/container/host-paths.ts.
#define LAYERS "/layers"
#define SHARED "/shared"
#define DISK "/var/lib/strata"
#define CONTAINERS DISK "/containers"
#define EMPTY "/run/strata/empty"
// There once all of it is done.
#define READY "/run/strata/ready"

#define NINE_P "trans=virtio,version=9p2000.L,msize=524288,"

// --- mounts ---------------------------------------------------------------------------------------

// Whether something is mounted on a directory of the root file system.
static bool is_mounted(const char *directory) {
  struct stat root, own;
  return stat("/", &root) == 0 && stat(directory, &own) == 0 && root.st_dev != own.st_dev;
}

static int mount_once(const char *source, const char *target, const char *type, unsigned long flags, const char *options) {
  if (make_directories(target, 0755) < 0) return -1;
  // Busy: mounted there before whoever did this was ended, or held by somebody else.
  if (mount(source, target, type, flags, options) == 0 || (errno == EBUSY && is_mounted(target))) return 0;
  return fail_os("mount %s on %s", source, target);
}

static int mount_all(bool shared) {
  if (mount_once("layers", LAYERS, "9p", MS_RDONLY, NINE_P "cache=loose") < 0) return -1;
  if (mount_once("/dev/vda", DISK, "ext4", 0, NULL) < 0) return -1;
  if (shared && mount_once("shared", SHARED, "9p", 0, NINE_P "cache=none") < 0) return -1;
  if (make_directories(EMPTY, 0755) < 0 || make_directories(DISK "/volumes", 0755) < 0) return -1;
  return make_directories(CONTAINERS, 0755);
}

static void remove_drafts_in(int directory) {
  DIR *entries = directory < 0 ? NULL : fdopendir(directory);
  if (!entries) {
    close(directory);
    return;
  }
  struct stat status;
  for (struct dirent *entry; (entry = readdir(entries));) {
    if (strncmp(entry->d_name, DRAFT_PREFIX, strlen(DRAFT_PREFIX)) != 0) continue;
    bool is_file = fstatat(directory, entry->d_name, &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(status.st_mode);
    if (is_file) unlinkat(directory, entry->d_name, 0);
  }
  closedir(entries);
}

// What was being written to a container when the machine ended is taken away before anybody sees it. Whatever a
// container has put there under such a name: it keeps no host from starting.
static void remove_drafts(void) {
  DIR *containers = opendir(CONTAINERS);
  for (struct dirent *entry; containers && (entry = readdir(containers));) {
    char upper[512];
    snprintf(upper, sizeof upper, "%s/upper", entry->d_name);
    if (entry->d_name[0] != '.') remove_drafts_in(openat(dirfd(containers), upper, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  }
  if (containers) closedir(containers);
}

// --- bridges --------------------------------------------------------------------------------------

struct nic {
  char name[IFNAMSIZ];
  unsigned index;
  uint8_t mac[6];
  uint32_t mtu;
  // In the order of the network; 0 where there is none.
  uint32_t address, mask, gateway;
};

static uint32_t ask_address(int end, const char *name, unsigned long request) {
  struct ifreq r = {0};
  strcpy(r.ifr_name, name);
  if (ioctl(end, request, &r) < 0) return 0;
  return ((const struct sockaddr_in *)&r.ifr_addr)->sin_addr.s_addr;
}

// That of the route to everywhere. /proc/net/route has a route in each line but the first: the interface, where to and
// by which gateway, addresses as hexadecimal numbers of this machine.
static uint32_t find_gateway(const char *name) {
  char routes[4096];
  if (file_peek(AT_FDCWD, "/proc/net/route", routes, sizeof routes) < 0) return 0;
  size_t length = strlen(name);
  for (char *line = routes; (line = strchr(line, '\n'));) {
    line++;
    char *end;
    if (strncmp(line, name, length) != 0 || line[length] != '\t') continue;
    if (strtoul(line + length, &end, 16) == 0) return (uint32_t)strtoul(end, NULL, 16);
  }
  return 0;
}

static int read_nic(int end, unsigned number, struct nic *nic) {
  snprintf(nic->name, sizeof nic->name, "eth%u", number);
  struct ifreq r = {0};
  strcpy(r.ifr_name, nic->name);
  nic->index = if_nametoindex(nic->name);
  if (!nic->index || ioctl(end, SIOCGIFHWADDR, &r) < 0) return fail_os("interface %s", nic->name);
  memcpy(nic->mac, r.ifr_hwaddr.sa_data, sizeof nic->mac);
  if (ioctl(end, SIOCGIFMTU, &r) < 0) return fail_os("interface %s", nic->name);
  nic->mtu = (uint32_t)r.ifr_mtu;
  nic->address = ask_address(end, nic->name, SIOCGIFADDR);
  nic->mask = ask_address(end, nic->name, SIOCGIFNETMASK);
  nic->gateway = find_gateway(nic->name);
  return 0;
}

static int say(int netlink, struct message *m, int allowed, const char *what, const char *name) {
  int error = netlink_talk(netlink, m);
  if (!error || error == -allowed) return 0;
  errno = -error;
  return fail_os("%s %s", what, name);
}

static int make_bridge(int netlink, const char *name, const struct nic *nic) {
  struct message m;
  message_begin(&m, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, sizeof(struct ifinfomsg));
  message_text(&m, IFLA_IFNAME, name);
  message_add(&m, IFLA_ADDRESS, nic->mac, sizeof nic->mac);
  message_u32(&m, IFLA_MTU, nic->mtu);
  struct rtattr *info = message_open(&m, IFLA_LINKINFO);
  message_text(&m, IFLA_INFO_KIND, "bridge");
  struct rtattr *data = message_open(&m, IFLA_INFO_DATA);
  uint8_t snooping = 0;
  message_u32(&m, IFLA_BR_FORWARD_DELAY, 0);
  message_add(&m, IFLA_BR_MCAST_SNOOPING, &snooping, sizeof snooping);
  message_close(&m, data);
  message_close(&m, info);
  return say(netlink, &m, EEXIST, "bridge", name);
}

static int join_bridge(int netlink, unsigned bridge, const struct nic *nic) {
  struct message m;
  struct ifinfomsg *link = message_begin(&m, RTM_NEWLINK, 0, sizeof *link);
  link->ifi_index = (int)nic->index;
  message_u32(&m, IFLA_MASTER, bridge);
  return say(netlink, &m, 0, "bridge of", nic->name);
}

static unsigned prefix_of(uint32_t mask) { return (unsigned)__builtin_popcount(mask); }

static int give_address(int netlink, unsigned bridge, const char *name, const struct nic *nic) {
  char text[INET_ADDRSTRLEN], address[INET_ADDRSTRLEN + 4];
  if (interface_up(netlink, bridge, name) < 0) return -1;
  if (!nic->address) return 0;
  inet_ntop(AF_INET, &nic->address, text, sizeof text);
  snprintf(address, sizeof address, "%s/%u", text, prefix_of(nic->mask));
  if (interface_add_address(netlink, bridge, address) < 0) return -1;
  if (!nic->gateway) return 0;
  inet_ntop(AF_INET, &nic->gateway, text, sizeof text);
  return interface_add_route(netlink, bridge, "default", text);
}

// The NIC itself has nothing to say any more: its addresses of IPv6 go too.
static int take_address(int netlink, const struct nic *nic) {
  char path[64];
  snprintf(path, sizeof path, "/proc/sys/net/ipv6/conf/%s/disable_ipv6", nic->name);
  // The kernel takes IPv6 from a NIC whose MTU is too small for it (RFC 8200, 5), and the file with it.
  if (file_poke(AT_FDCWD, path, "1") < 0 && errno != ENOENT) return fail_os("%s", path);
  if (!nic->address) return 0;
  struct message m;
  struct ifaddrmsg *body = message_begin(&m, RTM_DELADDR, 0, sizeof *body);
  body->ifa_family = AF_INET;
  body->ifa_prefixlen = (uint8_t)prefix_of(nic->mask);
  body->ifa_index = nic->index;
  message_add(&m, IFA_LOCAL, &nic->address, sizeof nic->address);
  return say(netlink, &m, 0, "address of", nic->name);
}

// A bridge takes the place of a NIC, with its MAC, address and route: containers are on the NIC's own network.
static int bridge_nic(int netlink, int end, unsigned number) {
  struct nic nic;
  char name[IFNAMSIZ];
  snprintf(name, sizeof name, "br%u", number);
  if (read_nic(end, number, &nic) < 0 || make_bridge(netlink, name, &nic) < 0) return -1;
  unsigned bridge = if_nametoindex(name);
  if (!bridge) return fail_os("bridge %s", name);
  // In this order, so that whoever does it again after an end in the middle finds the address.
  if (join_bridge(netlink, bridge, &nic) < 0 || give_address(netlink, bridge, name, &nic) < 0) return -1;
  return take_address(netlink, &nic);
}

static int bridge_all(unsigned bridges) {
  int netlink = netlink_open(), end = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  int result = netlink < 0 || end < 0 ? fail_os("rtnetlink") : 0;
  for (unsigned number = 0; number < bridges && result == 0; number++) result = bridge_nic(netlink, end, number);
  close(netlink);
  close(end);
  return result;
}

int host_set_up(unsigned bridges, bool shared) {
  if (access(READY, F_OK) == 0) return 0;
  if (bridges > MAX_BRIDGES) return fail(INVALID_ARGUMENT, "%u bridges: a guest has at most %d NICs", bridges, MAX_BRIDGES);
  if (mount_all(shared) < 0) return -1;
  remove_drafts();
  return bridge_all(bridges) < 0 ? -1 : make_directories(READY, 0755);
}
