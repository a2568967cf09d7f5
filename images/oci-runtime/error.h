// What went wrong last: functions return -1 (or NULL) and leave it here, whoever is in charge tells it.
#ifndef STRATA_OCI_ERROR_H
#define STRATA_OCI_ERROR_H

// Codes of SandboxError, in src/base/errors.ts.
enum error_code {
  INTERNAL,
  NOT_FOUND,
  ALREADY_EXISTS,
  INVALID_ARGUMENT,
  FAILED_PRECONDITION,
  RESOURCE_EXHAUSTED,
  UNIMPLEMENTED,
};

// Exit codes of docker: the runtime failed, the program cannot be run, there is no such program.
enum { EXIT_RUNTIME = 125, EXIT_NOT_EXECUTABLE = 126, EXIT_NOT_FOUND = 127 };

struct error {
  enum error_code code;
  int exit_code;
  char message[512];
};

extern struct error last_error;

#define PRINTF(at, rest) __attribute__((format(printf, at, rest)))

// All return -1. `fail_os` adds the system's word for errno, and takes the code from it.
int fail(enum error_code code, const char *format, ...) PRINTF(2, 3);
int fail_os(const char *format, ...) PRINTF(1, 2);
int fail_exec(int exit_code, const char *format, ...) PRINTF(2, 3);
const char *error_name(enum error_code code);

#endif
