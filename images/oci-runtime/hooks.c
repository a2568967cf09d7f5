#include "hooks.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "error.h"
#include "kernel.h"

static void become_hook(struct arena *arena, const struct json *hook, const char *path, int input) {
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
  const char *const *arguments = json_strings(arena, json_get(hook, "args"), "args");
  const char *const *environment = json_strings(arena, json_get(hook, "env"), "env");
  const char *const only[] = {path, NULL};
  if (!arguments || !arguments[0]) arguments = only;
  dup2(input, STDIN_FILENO);
  close_from(3, CLOSE_ON_EXEC);
  if (environment) execve(path, (char *const *)arguments, (char *const *)environment);
  _exit(EXIT_NOT_FOUND);
}

static int await_end(int child, const char *path, int64_t seconds) {
  int pidfd = pidfd_open(child), status = 0;
  bool late = pidfd >= 0 && poll(&(struct pollfd){.fd = pidfd, .events = POLLIN}, 1, seconds > 0 ? (int)seconds * 1000 : -1) == 0;
  if (late) kill(child, SIGKILL);
  if (pidfd >= 0) close(pidfd);
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
  if (late) return fail(INTERNAL, "hook %s took more than %d s", path, (int)seconds);
  if (WIFSIGNALED(status)) return fail(INTERNAL, "hook %s was ended by signal %d", path, WTERMSIG(status));
  return WEXITSTATUS(status) ? fail(INTERNAL, "hook %s ended with %d", path, WEXITSTATUS(status)) : 0;
}

static int run_hook(const struct json *hook, const struct text *state) {
  const char *path = json_text(json_get(hook, "path"), "");
  int pipe[2];
  if (*path != '/') return fail(INVALID_ARGUMENT, "hook %s: not an absolute path", path);
  if (pipe2(pipe, O_CLOEXEC) < 0) return fail_os("hook %s", path);
  struct arena arena = {0};
  int child = fork();
  if (child == 0) become_hook(&arena, hook, path, pipe[0]);
  close(pipe[0]);
  // A hook need not read it: signals are blocked, so that is no more than an error here.
  if (child > 0 && write(pipe[1], state->bytes, state->length) < 0 && errno != EPIPE) fail_os("hook %s", path);
  close(pipe[1]);
  int64_t seconds = 0;
  json_int(json_get(hook, "timeout"), &seconds);
  return child < 0 ? fail_os("hook %s", path) : await_end(child, path, seconds);
}

static const struct json *first_hook(const struct json *config, const char *kind) {
  const struct json *hooks = json_get(json_get(config, "hooks"), kind);
  return hooks ? hooks->first : NULL;
}

static void write_state(struct text *out, const struct state *state, const char *status) {
  text_add(out, "{");
  text_member(out, "ociVersion", state->oci_version);
  text_member(out, "id", state->id);
  text_member(out, "status", status);
  text_number(out, "pid", state->pid);
  text_member(out, "bundle", state->bundle);
  if (state->annotations) {
    text_key(out, "annotations");
    json_write(out, state->annotations);
  }
  text_add(out, "}");
}

int hooks_run(const struct json *config, const char *kind, const struct state *state, const char *status) {
  const struct json *hook = first_hook(config, kind);
  if (!hook) return 0;
  struct text out = {0};
  write_state(&out, state, status);
  int result = 0;
  for (; hook && result == 0; hook = hook->next) result = run_hook(hook, &out);
  text_free(&out);
  return result;
}

void hooks_run_all(const struct json *config, const char *kind, const struct state *state, const char *status) {
  const struct json *hook = first_hook(config, kind);
  if (!hook) return;
  struct text out = {0};
  write_state(&out, state, status);
  for (; hook; hook = hook->next) {
    if (run_hook(hook, &out) < 0) dprintf(STDERR_FILENO, "strata-oci: warning: %s: %s\n", kind, last_error.message);
  }
  text_free(&out);
}
