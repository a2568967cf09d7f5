// The command line of strata-oci: docs/RUNTIME.md.
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "error.h"
#include "exec.h"
#include "file.h"
#include "host.h"
#include "init.h"
#include "launch.h"
#include "manage.h"
#include "seccomp.h"
#include "serve.h"
#include "state.h"

// --- options --------------------------------------------------------------------------------------

struct options {
  char **at;
  struct launch_options launch;
  struct exec_options exec;
  size_t environment_count;
  bool all, force, shared;
};

struct option {
  const char *name, *letter;
  // One of both.
  const char **text;
  bool *flag;
};

static int add_environment(struct options *o, const char *entry) {
  if (o->environment_count == MAX_EXEC_ENV) return fail(INVALID_ARGUMENT, "More than %d --env", MAX_EXEC_ENV);
  o->exec.environment[o->environment_count++] = entry;
  return 0;
}

static bool matches(const char *argument, const struct option *option, const char **value) {
  size_t length = strlen(option->name);
  *value = NULL;
  if (option->letter && strcmp(argument, option->letter) == 0) return true;
  if (strncmp(argument, option->name, length) != 0) return false;
  if (argument[length] == '=') *value = argument + length + 1;
  return argument[length] == 0 || argument[length] == '=';
}

static int take_option(struct options *o, const struct option *option, const char *value) {
  if (option->flag) {
    *option->flag = true;
    return 0;
  }
  if (!value && !(value = *++o->at)) return fail(INVALID_ARGUMENT, "%s needs a value", option->name);
  if (!option->text) return add_environment(o, value);
  *option->text = value;
  return 0;
}

// Takes the options before the first argument that is none.
static int parse_options(struct options *o, const struct option *known) {
  for (; *o->at && **o->at == '-' && (*o->at)[1]; o->at++) {
    if (strcmp(*o->at, "--") == 0) {
      o->at++;
      return 0;
    }
    const struct option *option = known;
    const char *value = NULL;
    while (option->name && !matches(*o->at, option, &value)) option++;
    if (!option->name) return fail(INVALID_ARGUMENT, "Unknown option %s", *o->at);
    if (take_option(o, option, value) < 0) return -1;
  }
  return 0;
}

static const char *take_id(struct options *o) {
  if (*o->at) return *o->at++;
  fail(INVALID_ARGUMENT, "The id of a container is missing");
  return NULL;
}

static int refuse(int code) {
  dprintf(STDERR_FILENO, "strata-oci: %s\n", last_error.message);
  return code;
}

static int done(int result) { return result < 0 ? refuse(1) : 0; }

// --- commands -------------------------------------------------------------------------------------

static int parse_launch(struct options *o) {
  const struct option known[] = {{"--bundle", "-b", &o->launch.bundle, NULL},
                                 {"--pid-file", NULL, &o->launch.pid_file, NULL},
                                 {"--console-socket", NULL, &o->launch.console_socket, NULL},
                                 {"--keep", NULL, NULL, &o->launch.keep},
                                 {0}};
  o->launch.bundle = ".";
  return parse_options(o, known) < 0 || !(o->launch.id = take_id(o)) ? -1 : 0;
}

static int run(struct options *o) { return parse_launch(o) < 0 ? refuse(EXIT_RUNTIME) : launch_run(&o->launch); }

static int create(struct options *o) { return parse_launch(o) < 0 ? refuse(EXIT_RUNTIME) : launch_create(&o->launch); }

static int exec(struct options *o) {
  const struct option known[] = {{"--process", "-p", &o->exec.process_file, NULL},
                                 {"--json", NULL, &o->exec.json, NULL},
                                 {"--cwd", NULL, &o->exec.cwd, NULL},
                                 {"--user", "-u", &o->exec.user, NULL},
                                 {"--exec-id", NULL, &o->exec.name, NULL},
                                 {"--tty", "-t", NULL, &o->exec.terminal},
                                 {"--env", "-e", NULL, NULL},
                                 {0}};
  if (parse_options(o, known) < 0 || !(o->exec.id = take_id(o))) return refuse(EXIT_RUNTIME);
  o->exec.arguments = o->at;
  return exec_run(&o->exec);
}

static int start(struct options *o) {
  const char *id = take_id(o);
  return done(id ? launch_start(id) : -1);
}

static int print(struct text *out) {
  text_add(out, "\n");
  bool written = write(STDOUT_FILENO, out->bytes, out->length) == (ssize_t)out->length;
  text_free(out);
  return written ? 0 : 1;
}

static int state(struct options *o) {
  struct arena arena = {0};
  struct state state;
  struct text out = {0};
  const char *id = take_id(o);
  if (!id || state_read(&arena, id, &state) < 0) return refuse(1);
  state_print(&out, &state);
  return print(&out);
}

static void list_one(const char *id, void *context) {
  struct text *out = context;
  struct arena arena = {0};
  struct state state;
  // One that is being made has none yet.
  if (state_read(&arena, id, &state) == 0) {
    text_comma(out);
    state_print(out, &state);
  }
  arena_free(&arena);
}

static int list(struct options *o) {
  (void)o;
  struct text out = {0};
  text_add(&out, "[");
  if (state_list(list_one, &out) < 0) return refuse(1);
  text_add(&out, "]");
  return print(&out);
}

static int kill_(struct options *o) {
  const struct option known[] = {{"--all", "-a", NULL, &o->all}, {0}};
  const char *id = parse_options(o, known) < 0 ? NULL : take_id(o);
  int number = id ? signal_number(*o->at ? *o->at : "TERM") : -1;
  return done(number < 0 ? -1 : manage_kill(id, number, o->all));
}

static int pause_(struct options *o) {
  const char *id = take_id(o);
  return done(id ? manage_freeze(id, true) : -1);
}

static int resume(struct options *o) {
  const char *id = take_id(o);
  return done(id ? manage_freeze(id, false) : -1);
}

static int delete(struct options *o) {
  const struct option known[] = {{"--force", "-f", NULL, &o->force}, {0}};
  const char *id = parse_options(o, known) < 0 ? NULL : take_id(o);
  return done(id ? manage_delete(id, o->force) : -1);
}

static int serve(struct options *o) {
  (void)o;
  return done(serve_run());
}

// Begins as a program that sets up, and is the host's server from then on: to start one is what costs a guest most.
static int host(struct options *o) {
  const struct option known[] = {{"--shared", NULL, NULL, &o->shared}, {0}};
  if (parse_options(o, known) < 0) return refuse(1);
  char *end = NULL;
  unsigned long bridges = *o->at ? strtoul(*o->at, &end, 10) : 0;
  if (!end || end == *o->at || *end) return done(fail(INVALID_ARGUMENT, "host needs the number of NICs that get a bridge"));
  return done(host_set_up((unsigned)bridges, o->shared) < 0 ? -1 : serve_run());
}

static int seccomp(struct options *o) {
  struct arena arena = {0};
  struct seccomp compiled;
  size_t length;
  char *text = *o->at ? file_read(&arena, AT_FDCWD, *o->at, &length) : NULL;
  if (!*o->at) return done(fail(INVALID_ARGUMENT, "The file of a profile is missing"));
  const struct json *profile = text ? json_parse(&arena, text, length) : NULL;
  if (!profile || seccomp_compile(&arena, profile, &compiled) < 0) return refuse(1);
  size_t size = compiled.length * sizeof *compiled.program;
  return write(STDOUT_FILENO, compiled.program, size) == (ssize_t)size ? 0 : 1;
}

// Gives every file below a directory another owner in addition to its own.
static int shift(struct options *o) {
  char *end = NULL;
  const char *directory = *o->at ? *o->at++ : NULL;
  unsigned long by = directory && *o->at ? strtoul(*o->at, &end, 10) : 0;
  if (by == 0 || by > INT32_MAX || *end) return done(fail(INVALID_ARGUMENT, "shift needs a directory and a number"));
  return done(tree_shift(directory, (uint32_t)by, (uint32_t)by));
}

static int features(struct options *o) {
  (void)o;
  struct text out = {0};
  text_add(&out, "{\"ociVersionMin\":\"1.0.0\",\"ociVersionMax\":\"1.1.0\",\"hooks\":[\"prestart\",\"createRuntime\","
                 "\"createContainer\",\"startContainer\",\"poststart\",\"poststop\"],\"linux\":{\"namespaces\":[\"cgroup\",\"ipc\","
                 "\"mount\",\"network\",\"pid\",\"time\",\"user\",\"uts\"],\"cgroup\":{\"v1\":false,\"v2\":true,\"systemd\":false,"
                 "\"systemdUser\":false},\"seccomp\":{\"enabled\":true},\"apparmor\":{\"enabled\":false},"
                 "\"selinux\":{\"enabled\":false},\"intelRdt\":{\"enabled\":false}}}");
  return print(&out);
}

static int version(struct options *o) {
  (void)o;
  dprintf(STDOUT_FILENO, "strata-oci %s\nspec: 1.1.0\n", VERSION);
  return 0;
}

static const struct command {
  const char *name;
  int (*run)(struct options *);
  // Others may come to run inside of a container.
  bool is_protected;
} commands[] = {
    {"run", run, true},        {"create", create, true}, {"exec", exec, true},       {"start", start, false},
    {"state", state, false},   {"list", list, false},    {"kill", kill_, false},     {"pause", pause_, false},
    {"resume", resume, false}, {"delete", delete, false}, {"serve", serve, true},    {"host", host, true},
    {"seccomp", seccomp, false}, {"shift", shift, false}, {"features", features, false}, {"--version", version, false},
};

int main(int count, char **arguments) {
  const char *slash = count > 0 ? strrchr(arguments[0], '/') : NULL;
  if (count > 0 && strcmp(slash ? slash + 1 : arguments[0], INIT_NAME) == 0) return init_main(count, arguments);
  static struct options o;
  o.at = arguments + (count > 0);
  if (count > 2 && strcmp(*o.at, "--root") == 0) {
    state_root = o.at[1];
    o.at += 2;
  }
  const char *name = *o.at ? *o.at++ : "";
  for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
    const struct command *command = &commands[i];
    if (strcmp(name, command->name) != 0) continue;
    if (command->is_protected && protect_program(arguments) < 0) return refuse(EXIT_RUNTIME);
    return command->run(&o);
  }
  fail(INVALID_ARGUMENT, "%s is no command: run, create, start, state, list, kill, pause, resume, delete, exec, serve, host, seccomp, shift, features", *name ? name : "Nothing");
  return refuse(EXIT_RUNTIME);
}
