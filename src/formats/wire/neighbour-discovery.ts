/** Types of neighbour discovery's messages (RFC 4861, 4). */
export const ndTypes = { routerAdvertisement: 134, solicitation: 135, advertisement: 136, redirect: 137 } as const;

/** Where those that name one have their target, in bytes from the message's start. */
export const ndTargetAt = 8;

/** Where an IPv6 header has its source, in bytes from its start (RFC 8200, 3). */
export const ip6SourceAt = 8;

export const icmp6Protocol = 58;

/** What DHCPv6 speaks to (RFC 8415, 7.2): whatever is sent to clients is a server's, from whichever port (RFC 7610). */
export const dhcp6Ports = { client: 546, server: 547 } as const;
