// What an interface needs to be used, in the network namespace of whoever calls. `netlink`: of netlink.h.
#ifndef STRATA_OCI_INTERFACE_H
#define STRATA_OCI_INTERFACE_H

int interface_up(int netlink, unsigned index, const char *name);
// "10.0.0.1/24"; without a prefix it is the address alone.
int interface_add_address(int netlink, unsigned index, const char *text);
// `to`: "default" or as an address. `via`: a gateway, or NULL.
int interface_add_route(int netlink, unsigned index, const char *to, const char *via);

#endif
