/*
 * lwIP as every unikernel has it: one thread, the raw API, IPv4. All memory is set aside at the start, so that what a
 * flood can take is known: about 350 KiB by default. A program that needs more connections is compiled with
 * -DLIBOS_CONNECTIONS=N.
 */
#ifndef STRATA_LWIPOPTS_H
#define STRATA_LWIPOPTS_H

#ifndef LIBOS_CONNECTIONS
#define LIBOS_CONNECTIONS 128
#endif
/* Ports at which connections are taken. */
#ifndef LIBOS_LISTENERS
#define LIBOS_LISTENERS 8
#endif
/* Bytes for what is being sent and was copied. */
#ifndef LIBOS_HEAP
#define LIBOS_HEAP (192 * 1024)
#endif
/*
 * Frames that were received and not yet used up: one window's, for programs take what comes at once. All of them are
 * written to at the start, and new pages of memory are what a start takes longest for.
 */
#ifndef LIBOS_FRAMES
#define LIBOS_FRAMES 32
#endif

#define NO_SYS 1
#define LWIP_SOCKET 0
#define LWIP_NETCONN 0
#define SYS_LIGHTWEIGHT_PROT 0
#define LWIP_HOOK_FILENAME "hooks.h"

#define LWIP_IPV4 1
#define LWIP_IPV6 0
#define LWIP_ARP 1
#define LWIP_ETHERNET 1
#define LWIP_ICMP 1
#define LWIP_RAW 0
#define LWIP_UDP 1
#define LWIP_TCP 1
#define LWIP_DNS 1
#define LWIP_DHCP 1
/* It costs a second, and the switch knows who has which address. */
#define DHCP_DOES_ARP_CHECK 0
#define LWIP_DHCP_MAX_DNS_SERVERS 2
#define LWIP_NETIF_HOSTNAME 1
#define LWIP_NETIF_STATUS_CALLBACK 1
#define LWIP_BROADCAST_PING 0

#define MEM_ALIGNMENT 8
#define MEM_SIZE LIBOS_HEAP
#define MEMP_NUM_PBUF 256
#define MEMP_NUM_UDP_PCB 16
#define MEMP_NUM_TCP_PCB LIBOS_CONNECTIONS
#define MEMP_NUM_TCP_PCB_LISTEN LIBOS_LISTENERS
#define MEMP_NUM_TCP_SEG (LIBOS_CONNECTIONS * 2 + 256)
#define MEMP_NUM_SYS_TIMEOUT (LWIP_NUM_SYS_TIMEOUT_INTERNAL + 8)
#define PBUF_POOL_SIZE LIBOS_FRAMES
/* A whole frame in one piece: it is received without a copy. */
#define PBUF_POOL_BUFSIZE 1536

#define TCP_MSS 1460
#define TCP_WND (32 * TCP_MSS)
#define TCP_SND_BUF (32 * TCP_MSS)
#define TCP_SND_QUEUELEN 64
/* A small answer takes as much memory as it is long. */
#define TCP_OVERSIZE 0
/* Half of what holds up the reuse of a port pair after a close; frames do not stay in this network for minutes. */
#define TCP_MSL 1000UL
#define TCP_OOSEQ_MAX_PBUFS 16
#define TCP_LISTEN_BACKLOG 1
/* Each connection that wants it has times of its own. */
#define LWIP_TCP_KEEPALIVE 1

#define ARP_TABLE_SIZE 32
#define ARP_QUEUEING 1
#define IP_REASS_MAX_PBUFS 16
#define IP_FORWARD 0

#define LWIP_STATS 0
#define LWIP_NOASSERT 1

#endif
