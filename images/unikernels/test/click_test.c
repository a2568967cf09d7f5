/*
 * The pipeline without its ports: click_test FILE, and on each line of standard input a port, milliseconds and a frame in
 * hex. Says for each which frames go out where, then "." on a line. Its ports are eth0 (02:00:00:00:00:a0, 10.0.0.1/24)
 * and eth1 (02:00:00:00:00:a1, 10.1.0.1/24).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../click/forward.h"

static const char *const names[] = {"eth0", "eth1"};

void port_send(int port, const uint8_t *frame, size_t length) {
  printf("%d ", port);
  for (size_t i = 0; i < length; i++) printf("%02x", frame[i]);
  printf("\n");
}

int main(int argc, char **argv) {
  static char text[65536], line[8192];
  struct pipeline_problem problem;
  FILE *file = argc > 1 ? fopen(argv[1], "r") : NULL;
  if (!file) return 3;
  size_t length = fread(text, 1, sizeof text, file);
  fclose(file);
  if (!pipeline_parse(&forwarder.pipeline, (struct text){text, length}, names, 2, &problem)) {
    printf("line %u: %s\n", problem.line, problem.what);
    return 2;
  }
  forwarder.port_count = 2;
  for (uint8_t i = 0; i < 2; i++) {
    const uint8_t mac[6] = {2, 0, 0, 0, 0, (uint8_t)(0xa0 + i)}, address[4] = {10, i, 0, 1}, mask[4] = {255, 255, 255, 0};
    forwarder.ports[i].name = names[i];
    memcpy(forwarder.ports[i].mac, mac, 6);
    forwarder.ports[i].address = get_address(address);
    forwarder.ports[i].mask = get_address(mask);
  }
  while (fgets(line, sizeof line, stdin)) {
    int port, at = 0;
    unsigned long long ms;
    unsigned value;
    if (sscanf(line, "%d %llu %n", &port, &ms, &at) != 2) return 4;
    size_t size = strcspn(line + at, "\n") / 2;
    uint8_t *frame = malloc(size ? size : 1);
    for (size_t i = 0; i < size && sscanf(line + at + 2 * i, "%2x", &value) == 1; i++) frame[i] = (uint8_t)value;
    forward(port, frame, size, (ms + 1) * 1000000);
    free(frame);
    printf(".\n");
  }
  for (size_t i = 0; i < forwarder.pipeline.rule_count; i++) {
    const struct rule *rule = &forwarder.pipeline.rules[i];
    if (rule->action == ACTION_COUNT) printf("%s %llu\n", rule->name, (unsigned long long)rule->packets);
  }
  return 0;
}
