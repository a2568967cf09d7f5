#include "sync.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

struct sync_message {
  enum sync_kind kind;
  struct error error;
};

int sync_open(int ends[2]) {
  return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0 ? fail_os("socketpair") : 0;
}

union control {
  struct cmsghdr header;
  char bytes[CMSG_SPACE(sizeof(int))];
};

static int send_message(int end, const void *bytes, size_t size, int descriptor) {
  union control control = {0};
  struct iovec part = {(void *)bytes, size};
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
  if (descriptor >= 0) {
    message.msg_control = &control;
    message.msg_controllen = sizeof control.bytes;
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof descriptor);
    memcpy(CMSG_DATA(header), &descriptor, sizeof descriptor);
  }
  return sendmsg(end, &message, MSG_NOSIGNAL) < 0 ? fail_os("message to the launcher") : 0;
}

int sync_send(int end, enum sync_kind kind, int descriptor) {
  return send_message(end, &kind, sizeof kind, descriptor);
}

void sync_send_error(int end) {
  struct sync_message message = {SYNC_FAILED, last_error};
  send_message(end, &message, sizeof message, -1);
}

enum sync_kind sync_receive(int end, int *descriptor) {
  struct sync_message received = {0};
  union control control = {0};
  struct iovec part = {&received, sizeof received};
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
  if (descriptor) *descriptor = -1;
  ssize_t got;
  do got = recvmsg(end, &message, MSG_CMSG_CLOEXEC);
  while (got < 0 && errno == EINTR);
  if (got <= 0) return SYNC_END;
  struct cmsghdr *header = CMSG_FIRSTHDR(&message);
  if (descriptor && header && header->cmsg_type == SCM_RIGHTS) memcpy(descriptor, CMSG_DATA(header), sizeof *descriptor);
  if (received.kind == SYNC_FAILED) last_error = received.error;
  return received.kind;
}
