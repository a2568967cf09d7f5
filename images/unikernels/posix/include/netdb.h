/* Names of hosts, by the DNS server that the instance was told of. IPv4 alone. */
#ifndef STRATA_NETDB_H
#define STRATA_NETDB_H

#include <netinet/in.h>
#include <sys/socket.h>

#define AI_PASSIVE 1
#define AI_NUMERICHOST 4
#define EAI_NONAME (-2)
#define EAI_AGAIN (-3)
#define EAI_FAMILY (-6)
#define EAI_SERVICE (-8)
#define EAI_MEMORY (-10)

struct addrinfo {
  int ai_flags, ai_family, ai_socktype, ai_protocol;
  socklen_t ai_addrlen;
  struct sockaddr *ai_addr;
  char *ai_canonname;
  struct addrinfo *ai_next;
};

/* `service` is a port's number. One address comes back. */
int getaddrinfo(const char *host, const char *service, const struct addrinfo *hints, struct addrinfo **result);
void freeaddrinfo(struct addrinfo *result);
const char *gai_strerror(int error);

#endif
