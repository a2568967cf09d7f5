#include <netdb.h>
#include <stdlib.h>

#include "fd.h"

#include "lwip/dns.h"

/* lwIP asks four times, a second and more apart. */
#define PATIENCE 15000000000u

struct question {
  bool done, found;
  uint32_t address;
};

static void on_answer(const char *name, const ip_addr_t *address, void *argument) {
  struct question *question = argument;
  (void)name;
  question->done = true;
  question->found = address != NULL;
  if (address) question->address = ip_addr_get_ip4_u32(address);
}

static bool is_done(void *question) { return ((const struct question *)question)->done; }

static int resolve(const char *host, uint32_t *address) {
  /* Static: lwIP keeps its address until it has answered, and that may be after our patience. */
  static struct question question;
  ip_addr_t known;
  if (parse_ipv4(host, address)) return 0;
  question = (struct question){false, false, 0};
  err_t error = dns_gethostbyname(host, &known, on_answer, &question);
  if (error == ERR_OK) {
    *address = ip_addr_get_ip4_u32(&known);
    return 0;
  }
  if (error != ERR_INPROGRESS) return EAI_NONAME;
  if (!wait_until(is_done, &question, solo5_clock_monotonic() + PATIENCE)) return EAI_AGAIN;
  *address = question.address;
  return question.found ? 0 : EAI_NONAME;
}

struct result {
  struct addrinfo info;
  struct sockaddr_in address;
};

int getaddrinfo(const char *host, const char *service, const struct addrinfo *hints, struct addrinfo **result) {
  uint32_t address = 0;
  uint64_t port = 0;
  if (hints && hints->ai_family != AF_UNSPEC && hints->ai_family != AF_INET) return EAI_FAMILY;
  if (service && !text_number(text_of(service), 65535, &port)) return EAI_SERVICE;
  if (host) {
    int error = resolve(host, &address);
    if (error) return error;
  }
  struct result *found = calloc(1, sizeof *found);
  if (!found) return EAI_MEMORY;
  found->address = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = lwip_htons((u16_t)port)};
  found->address.sin_addr.s_addr = address;
  found->info = (struct addrinfo){.ai_family = AF_INET, .ai_socktype = hints && hints->ai_socktype ? hints->ai_socktype : SOCK_STREAM,
                                  .ai_addrlen = sizeof found->address, .ai_addr = (struct sockaddr *)&found->address};
  *result = &found->info;
  return 0;
}

void freeaddrinfo(struct addrinfo *result) { free(result); }

const char *gai_strerror(int error) {
  switch (error) {
    case EAI_NONAME: return "There is no such host";
    case EAI_AGAIN: return "No name server answers";
    case EAI_FAMILY: return "Only IPv4 addresses are known";
    case EAI_SERVICE: return "A service is given by the number of its port";
    default: return "There is no memory";
  }
}
