#ifndef STRATA_LWIP_HOOKS_H
#define STRATA_LWIP_HOOKS_H

/* RFC 6528 wants initial sequence numbers that nobody can guess. */
#define LWIP_HOOK_TCP_ISN(local_ip, local_port, remote_ip, remote_port) random_u32()

#endif
