#include "netlink.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

// What the kernel refuses it does not repeat in its answer, which has a bounded length then.
static int open_protocol(int protocol) {
  int netlink = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol), yes = 1;
  if (netlink >= 0) setsockopt(netlink, SOL_NETLINK, NETLINK_CAP_ACK, &yes, sizeof yes);
  return netlink;
}

int netlink_open(void) { return open_protocol(NETLINK_ROUTE); }

void *message_begin(struct message *m, uint16_t type, uint16_t flags, size_t body) {
  memset(m, 0, sizeof *m);
  m->header.nlmsg_type = type;
  m->header.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | flags;
  m->header.nlmsg_len = NLMSG_LENGTH(body);
  return NLMSG_DATA(&m->header);
}

// Callers add a few attributes of bounded size; what would not fit is a mistake of theirs.
void *message_room(struct message *m, size_t size) {
  size_t at = NLMSG_ALIGN(m->header.nlmsg_len);
  if (at + size > sizeof m->bytes) __builtin_trap();
  m->header.nlmsg_len = at + size;
  return m->bytes + at;
}

void message_add(struct message *m, uint16_t type, const void *data, size_t size) {
  struct rtattr *attribute = message_room(m, RTA_LENGTH(size));
  attribute->rta_type = type;
  attribute->rta_len = (uint16_t)RTA_LENGTH(size);
  if (size > 0) memcpy(RTA_DATA(attribute), data, size);
}

void message_text(struct message *m, uint16_t type, const char *text) { message_add(m, type, text, strlen(text) + 1); }

void message_u32(struct message *m, uint16_t type, uint32_t number) { message_add(m, type, &number, sizeof number); }

struct rtattr *message_open(struct message *m, uint16_t type) {
  struct rtattr *nested = message_room(m, RTA_LENGTH(0));
  nested->rta_type = type;
  return nested;
}

void message_close(struct message *m, struct rtattr *nested) {
  nested->rta_len = (uint16_t)(m->bytes + m->header.nlmsg_len - (uint8_t *)nested);
}

int netlink_talk(int netlink, struct message *m) {
  if (send(netlink, m, m->header.nlmsg_len, 0) < 0) return -errno;
  uint8_t answer[1536];
  ssize_t got = recv(netlink, answer, sizeof answer, 0);
  if (got < 0) return -errno;
  const struct nlmsghdr *header = (const struct nlmsghdr *)answer;
  if (!NLMSG_OK(header, (size_t)got) || header->nlmsg_type != NLMSG_ERROR) return -EPROTO;
  return ((const struct nlmsgerr *)NLMSG_DATA(header))->error;
}

int netlink_refusal(const void *answers, size_t kept, size_t size) {
  for (size_t at = 0; at < size;) {
    struct nlmsghdr header;
    if (kept < at || kept - at < sizeof header) return -EPROTO;
    memcpy(&header, (const uint8_t *)answers + at, sizeof header);
    if (header.nlmsg_len < sizeof header || header.nlmsg_len > size - at) return -EPROTO;
    if (header.nlmsg_type == NLMSG_ERROR) {
      int error;
      // What follows is what was refused, and may be cut off.
      if (header.nlmsg_len < NLMSG_LENGTH(sizeof error) || kept - at < NLMSG_LENGTH(sizeof error)) return -EPROTO;
      memcpy(&error, (const uint8_t *)answers + at + NLMSG_HDRLEN, sizeof error);
      if (error) return error;
    }
    at += NLMSG_ALIGN(header.nlmsg_len);
  }
  return 0;
}

// Of what there is to read.
static int first_refusal(int netlink) {
  uint8_t answers[8192];
  for (;;) {
    // With this flag it tells how much there was, not how much there was room for.
    ssize_t got = recv(netlink, answers, sizeof answers, MSG_DONTWAIT | MSG_TRUNC);
    if (got < 0) return errno == EAGAIN ? 0 : -errno;
    int error = netlink_refusal(answers, (size_t)got < sizeof answers ? (size_t)got : sizeof answers, (size_t)got);
    if (error) return error;
  }
}

int netlink_send(int protocol, const void *messages, size_t size) {
  int netlink = open_protocol(protocol);
  if (netlink < 0) return -errno;
  // The kernel has done all of it, and has answered, when this returns.
  int error = send(netlink, messages, size, 0) < 0 ? -errno : first_refusal(netlink);
  close(netlink);
  return error;
}
