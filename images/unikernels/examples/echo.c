/*
 * A server as one writes it for any Unix: it sends back each line it is sent, and says which one it was. Several clients
 * at once, by poll.
 */
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define CLIENTS 32

static struct pollfd fds[1 + CLIENTS];

static void drop(int index) {
  close(fds[index].fd);
  fds[index].fd = -1;
}

static void welcome(void) {
  int client = accept(fds[0].fd, NULL, NULL);
  for (int i = 1; client >= 0 && i <= CLIENTS; i++) {
    if (fds[i].fd >= 0) continue;
    fds[i] = (struct pollfd){.fd = client, .events = POLLIN};
    return;
  }
  if (client >= 0) close(client);
}

static void echo(int index) {
  static unsigned long count;
  char buffer[1024], answer[1100];
  ssize_t got = recv(fds[index].fd, buffer, sizeof buffer, 0);
  if (got <= 0) {
    drop(index);
    return;
  }
  int length = snprintf(answer, sizeof answer, "%lu: %.*s", ++count, (int)got, buffer);
  if (send(fds[index].fd, answer, (size_t)length, 0) < 0) drop(index);
}

int main(int argc, char **argv) {
  int port = argc > 1 ? atoi(argv[1]) : 7;
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
  int listener = socket(AF_INET, SOCK_STREAM, 0);
  if (bind(listener, (struct sockaddr *)&address, sizeof address) < 0 || listen(listener, 8) < 0) {
    printf("Cannot listen on port %d: %s\n", port, strerror(errno));
    return 1;
  }
  fds[0] = (struct pollfd){.fd = listener, .events = POLLIN};
  for (int i = 1; i <= CLIENTS; i++) fds[i].fd = -1;
  printf("Echoing on port %d\n", port);
  for (;;) {
    if (poll(fds, 1 + CLIENTS, -1) < 0) return 1;
    if (fds[0].revents) welcome();
    for (int i = 1; i <= CLIENTS; i++) {
      if (fds[i].fd >= 0 && fds[i].revents) echo(i);
    }
  }
}
