/*
 * A client as one writes it for any Unix: fetches a page over HTTP from a host by its name, with the headers of a file if
 * there is one, and writes it to the console.
 *
 *   fetch HOST [PORT [PATH]]
 */
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#define HEADERS "/etc/headers"

static int connect_to(const char *host, const char *port) {
  struct addrinfo hints = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM}, *found;
  int error = getaddrinfo(host, port, &hints, &found);
  if (error) {
    printf("%s: %s\n", host, gai_strerror(error));
    return -1;
  }
  int fd = socket(found->ai_family, found->ai_socktype, found->ai_protocol);
  if (connect(fd, found->ai_addr, found->ai_addrlen) < 0) {
    perror(host);
    close(fd);
    fd = -1;
  }
  freeaddrinfo(found);
  return fd;
}

static void send_headers(FILE *connection) {
  char line[256];
  FILE *file = fopen(HEADERS, "r");
  if (!file) return;
  while (fgets(line, sizeof line, file)) {
    line[strcspn(line, "\r\n")] = 0;
    fprintf(connection, "%s\r\n", line);
  }
  fclose(file);
}

int main(int argc, char **argv) {
  if (argc < 2) {
    printf("fetch HOST [PORT [PATH]]\n");
    return 2;
  }
  int fd = connect_to(argv[1], argc > 2 ? argv[2] : "80");
  if (fd < 0) return 1;
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &(struct timeval){.tv_sec = 10}, sizeof(struct timeval));
  FILE *connection = fdopen(fd, "r+");
  fprintf(connection, "GET %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n", argc > 3 ? argv[3] : "/", argv[1]);
  send_headers(connection);
  fprintf(connection, "\r\n");
  fflush(connection);
  char buffer[1024];
  ssize_t got;
  while ((got = read(fd, buffer, sizeof buffer)) > 0) fwrite(buffer, 1, (size_t)got, stdout);
  fclose(connection);
  return got == 0 ? 0 : 1;
}
