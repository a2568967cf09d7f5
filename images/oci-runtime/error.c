#include "error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct error last_error;

static void set(enum error_code code, int exit_code, const char *format, va_list arguments) {
  last_error.code = code;
  last_error.exit_code = exit_code;
  vsnprintf(last_error.message, sizeof last_error.message, format, arguments);
}

int fail(enum error_code code, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  set(code, EXIT_RUNTIME, format, arguments);
  va_end(arguments);
  return -1;
}

static enum error_code code_of(int number) {
  switch (number) {
    case ENOENT:
    case ESRCH: return NOT_FOUND;
    case EEXIST: return ALREADY_EXISTS;
    case EINVAL:
    case ENOTDIR:
    case ELOOP:
    case ENAMETOOLONG: return INVALID_ARGUMENT;
    case EBUSY:
    case ENOTEMPTY: return FAILED_PRECONDITION;
    case ENOMEM:
    case ENOSPC:
    case EAGAIN:
    case EMFILE:
    case ENFILE: return RESOURCE_EXHAUSTED;
    case ENOSYS:
    case EOPNOTSUPP: return UNIMPLEMENTED;
    default: return INTERNAL;
  }
}

int fail_os(const char *format, ...) {
  int number = errno;
  va_list arguments;
  va_start(arguments, format);
  set(code_of(number), EXIT_RUNTIME, format, arguments);
  va_end(arguments);
  size_t length = strlen(last_error.message);
  snprintf(last_error.message + length, sizeof last_error.message - length, ": %s", strerror(number));
  return -1;
}

int fail_exec(int exit_code, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  set(exit_code == EXIT_NOT_FOUND ? NOT_FOUND : INVALID_ARGUMENT, exit_code, format, arguments);
  va_end(arguments);
  return -1;
}

const char *error_name(enum error_code code) {
  static const char *const names[] = {"Internal",           "NotFound",          "AlreadyExists", "InvalidArgument",
                                      "FailedPrecondition", "ResourceExhausted", "Unimplemented"};
  return names[code];
}
