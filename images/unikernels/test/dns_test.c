/*
 * Answers queries from standard input, one on a line in hex, from a zone file: dns_test FILE udp|tcp. "-" where there is
 * no answer. When the zone is malformed it says where and why, and ends with 2.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../dns/answer.h"

int main(int argc, char **argv) {
  static char text[1 << 20], line[1 << 17];
  static uint8_t answer[ANSWER_LIMIT];
  static const uint8_t root[1] = {0};
  struct zone zone;
  struct zone_problem problem;
  FILE *file = argc > 2 ? fopen(argv[1], "r") : NULL;
  if (!file) return 3;
  size_t length = fread(text, 1, sizeof text, file);
  fclose(file);
  char *exact = malloc(length ? length : 1);
  memcpy(exact, text, length);
  if (!zone_parse(&zone, (struct text){exact, length}, root, &problem)) {
    printf("line %u: %s\n", problem.line, problem.what);
    return 2;
  }
  while (fgets(line, sizeof line, stdin)) {
    size_t size = strcspn(line, "\n") / 2;
    uint8_t *query = malloc(size ? size : 1);
    for (size_t i = 0; i < size; i++) {
      unsigned value = 0;
      sscanf(line + 2 * i, "%2x", &value);
      query[i] = (uint8_t)value;
    }
    size_t got = dns_answer(&zone, (struct text){(char *)query, size}, strcmp(argv[2], "udp") == 0, answer, sizeof answer);
    for (size_t i = 0; i < got; i++) printf("%02x", answer[i]);
    printf(got ? "\n" : "-\n");
    free(query);
  }
  zone_free(&zone);
  free(exact);
  return 0;
}
