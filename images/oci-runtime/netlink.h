// rtnetlink (man 7 rtnetlink): one message and the kernel's word on it.
#ifndef STRATA_OCI_NETLINK_H
#define STRATA_OCI_NETLINK_H

#include <linux/rtnetlink.h>
#include <stddef.h>
#include <stdint.h>

struct message {
  union {
    struct nlmsghdr header;
    uint8_t bytes[1024];
  };
};

int netlink_open(void);
void *message_begin(struct message *m, uint16_t type, uint16_t flags, size_t body);
void message_add(struct message *m, uint16_t type, const void *data, size_t size);
void message_text(struct message *m, uint16_t type, const char *text);
void message_u32(struct message *m, uint16_t type, uint32_t number);
// Attributes until `message_close` are inside of this one.
struct rtattr *message_open(struct message *m, uint16_t type);
void message_close(struct message *m, struct rtattr *nested);
// Room inside of an attribute for a header that is no attribute itself.
void *message_room(struct message *m, size_t size);
// 0 or -errno.
int netlink_talk(int netlink, struct message *m);
// Messages of any protocol, which are sent together. 0, or -errno of the first that the kernel refuses.
int netlink_send(int protocol, const void *messages, size_t size);
// The first refusal in answers of that size, of which so much is there; 0 when there is none, -EPROTO when that cannot be told.
int netlink_refusal(const void *answers, size_t kept, size_t size);

#endif
