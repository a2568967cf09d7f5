// PID 1: mounts, cgroups, loopback, the agent, a login shell on the console, and an orderly end.
//
// SIGUSR1 halts, SIGUSR2 powers off and SIGTERM reboots, as busybox's halt, poweroff and reboot send them.
#define _GNU_SOURCE
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define AGENT "/usr/bin/strata-agent"
#define SHELL "/bin/sh"

#define RESPAWN_MS 1000
// How long programs have to end by themselves, and to die when killed, before the machine stops.
#define TERM_GRACE_MS 2000
#define KILL_GRACE_MS 500
#define AGENT_GRACE_MS 500
// The console's port is announced by a message from the device, which may come after we start.
#define CONSOLE_WAIT_MS 1000

// --- small helpers --------------------------------------------------------------------------------

static int64_t now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void sleep_ms(int ms) { nanosleep(&(struct timespec){.tv_nsec = ms * 1000000L}, NULL); }

static int read_file(const char *path, char *buffer, size_t size) {
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  ssize_t length = fd < 0 ? -1 : read(fd, buffer, size - 1);
  if (fd >= 0) close(fd);
  buffer[length > 0 ? length : 0] = 0;
  return (int)length;
}

static void write_file(const char *path, const char *text) {
  int fd = open(path, O_WRONLY | O_CLOEXEC);
  if (fd < 0 || write(fd, text, strlen(text)) < 0) perror(path);
  if (fd >= 0) close(fd);
}

// --- setting up -----------------------------------------------------------------------------------

static bool mount_at(const char *source, const char *target, const char *type, unsigned long flags, const char *data) {
  mkdir(target, 0755);
  if (mount(source, target, type, flags, data) == 0) return true;
  perror(target);
  return false;
}

// An initramfs cannot be left by pivot_root, and container runtimes need to: an overlay moved over it can.
static void enter_overlay(void) {
  if (!mount_at("root", "/mnt", "tmpfs", 0, "mode=755")) return;
  mkdir("/mnt/upper", 0755);
  mkdir("/mnt/work", 0755);
  if (!mount_at("root", "/mnt/root", "overlay", 0, "lowerdir=/,upperdir=/mnt/upper,workdir=/mnt/work")) return;
  if (chdir("/mnt/root") || mount(".", "/", NULL, MS_MOVE, NULL) || chroot(".") || chdir("/")) perror("overlay");
}

static void mount_all(void) {
  const unsigned long strict = MS_NOSUID | MS_NODEV | MS_NOEXEC;
  mount_at("proc", "/proc", "proc", strict, NULL);
  mount_at("sysfs", "/sys", "sysfs", strict, NULL);
  mount_at("dev", "/dev", "devtmpfs", MS_NOSUID, "mode=755");
  mount_at("devpts", "/dev/pts", "devpts", MS_NOSUID | MS_NOEXEC, "ptmxmode=0666,gid=5,mode=620");
  mount_at("shm", "/dev/shm", "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777");
  mount_at("run", "/run", "tmpfs", MS_NOSUID | MS_NODEV, "mode=755");
  mount_at("tmp", "/tmp", "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777");
  mount_at("cgroup2", "/sys/fs/cgroup", "cgroup2", strict, NULL);
}

static void make_links(void) {
  static const char *const links[][2] = {{"/proc/self/fd", "/dev/fd"},
                                         {"/proc/self/fd/0", "/dev/stdin"},
                                         {"/proc/self/fd/1", "/dev/stdout"},
                                         {"/proc/self/fd/2", "/dev/stderr"}};
  for (int i = 0; i < 4; i++) {
    if (symlink(links[i][0], links[i][1]) && errno != EEXIST) perror(links[i][1]);
  }
}

// Lets the groups below have every controller there is.
static void enable_controllers(void) {
  char names[256];
  if (read_file("/sys/fs/cgroup/cgroup.controllers", names, sizeof names) < 0) return;
  for (char *name = strtok(names, " \n"); name; name = strtok(NULL, " \n")) {
    char line[64];
    snprintf(line, sizeof line, "+%s", name);
    write_file("/sys/fs/cgroup/cgroup.subtree_control", line);
  }
}

static void loopback_up(void) {
  int control = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP};
  if (control < 0 || ioctl(control, SIOCSIFFLAGS, &request) < 0) perror("lo");
  if (control >= 0) close(control);
}

static void set_hostname(void) {
  char name[65];
  if (read_file("/etc/hostname", name, sizeof name) <= 0) return;
  name[strcspn(name, "\n")] = 0;
  if (sethostname(name, strlen(name)) < 0) perror("hostname");
}

static void set_environment(void) {
  clearenv();
  setenv("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", 1);
  setenv("HOME", "/root", 1);
  setenv("USER", "root", 1);
  setenv("LOGNAME", "root", 1);
  setenv("SHELL", SHELL, 1);
  setenv("TERM", "xterm-256color", 1);
  setenv("PS1", "\\u@\\h:\\w\\$ ", 1);
}

// --- the console ----------------------------------------------------------------------------------

// A virtio console device is bound to its driver, so hvc0 is there or about to be.
static bool has_virtio_console(void) {
  DIR *driver = opendir("/sys/bus/virtio/drivers/virtio_console");
  if (!driver) return false;
  bool found = false;
  for (struct dirent *entry; !found && (entry = readdir(driver));) found = strncmp(entry->d_name, "virtio", 6) == 0;
  closedir(driver);
  return found;
}

static const char *find_console(void) {
  int64_t until = now_ms() + CONSOLE_WAIT_MS;
  while (has_virtio_console() && now_ms() < until) {
    int fd = open("/dev/hvc0", O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (fd >= 0) {
      close(fd);
      return "/dev/hvc0";
    }
    sleep_ms(10);
  }
  return "/dev/ttyS0";
}

static void use_terminal(const char *path, int flags) {
  int fd = open(path, O_RDWR | flags);
  if (fd < 0) return;
  for (int i = 0; i < 3; i++) dup2(fd, i);
  if (fd > 2) close(fd);
}

static void print_file(const char *path) {
  char text[4096];
  int length = read_file(path, text, sizeof text);
  if (length > 0 && write(STDOUT_FILENO, text, (size_t)length) < 0) perror(path);
}

// --- what runs always -----------------------------------------------------------------------------

struct service {
  void (*run)(void);
  pid_t pid;
  int64_t started_at;
};

static const char *console_path;

static void run_agent(void) {
  execl(AGENT, "strata-agent", (char *)NULL);
  perror(AGENT);
}

static void run_shell(void) {
  setsid();
  use_terminal(console_path, 0);
  ioctl(STDIN_FILENO, TIOCSCTTY, 0);
  if (chdir("/root") < 0 && chdir("/") < 0) perror("/root");
  print_file("/etc/motd");
  // The dash makes it a login shell, which reads /etc/profile.
  execl(SHELL, "-sh", (char *)NULL);
  perror(SHELL);
}

static struct service services[] = {{.run = run_agent}, {.run = run_shell}};
#define SERVICE_COUNT ((int)(sizeof services / sizeof *services))
static struct service *const agent = &services[0];

static void start(struct service *service) {
  service->started_at = now_ms();
  service->pid = fork();
  if (service->pid != 0) return;
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
  service->run();
  _exit(127);
}

// Milliseconds until a service may start again, -1 when all run.
static int start_services(void) {
  int wait = -1;
  for (int i = 0; i < SERVICE_COUNT; i++) {
    struct service *service = &services[i];
    if (service->pid > 0) continue;
    int64_t left = service->started_at ? service->started_at + RESPAWN_MS - now_ms() : 0;
    if (left <= 0) start(service);
    else if (wait < 0 || left < wait) wait = (int)left;
  }
  return wait;
}

static void reap(void) {
  pid_t pid;
  while ((pid = waitpid(-1, NULL, WNOHANG)) > 0) {
    for (int i = 0; i < SERVICE_COUNT; i++) {
      if (services[i].pid == pid) services[i].pid = 0;
    }
  }
}

// --- the end --------------------------------------------------------------------------------------

// Kernel threads and the dead have no command line.
static bool is_program(pid_t pid) {
  char path[32], line[4];
  snprintf(path, sizeof path, "/proc/%d/cmdline", (int)pid);
  return read_file(path, line, sizeof line) > 0;
}

// Signals every program but init and the agent; how many there were.
static int signal_programs(int signal) {
  DIR *proc = opendir("/proc");
  if (!proc) return 0;
  int count = 0;
  for (struct dirent *entry; (entry = readdir(proc));) {
    if (!isdigit((unsigned char)entry->d_name[0])) continue;
    pid_t pid = atoi(entry->d_name);
    if (pid == 1 || pid == agent->pid || !is_program(pid)) continue;
    if (signal) kill(pid, signal);
    count++;
  }
  closedir(proc);
  return count;
}

static void wait_for_programs(int grace_ms) {
  int64_t until = now_ms() + grace_ms;
  while (signal_programs(0) > 0 && now_ms() < until) {
    sleep_ms(10);
    reap();
  }
}

static void end_programs(void) {
  // Interactive shells ignore SIGTERM and end by SIGHUP; the stopped must go on to end.
  signal_programs(SIGTERM);
  signal_programs(SIGHUP);
  signal_programs(SIGCONT);
  wait_for_programs(TERM_GRACE_MS);
  signal_programs(SIGKILL);
  wait_for_programs(KILL_GRACE_MS);
}

static bool stays_mounted(const char *target) {
  static const char *const needed[] = {"/", "/proc", "/sys", "/dev"};
  for (int i = 0; i < 4; i++) {
    if (strcmp(target, needed[i]) == 0) return true;
  }
  return false;
}

static void unmount_all(void) {
  static char table[16384];
  char *targets[256];
  int count = 0;
  read_file("/proc/mounts", table, sizeof table);
  for (char *line = table; *line && count < 256;) {
    char *next = strchr(line, '\n');
    char *target = strchr(line, ' ');
    if (!next || !target || target > next) break;
    targets[count++] = target + 1;
    *next = 0;
    target[1 + strcspn(target + 1, " ")] = 0;
    line = next + 1;
  }
  // Last mounted first. What is busy can at least be written out and made read-only.
  while (count-- > 0) {
    if (stays_mounted(targets[count]) || umount2(targets[count], 0) == 0) continue;
    mount(NULL, targets[count], NULL, MS_REMOUNT | MS_RDONLY, NULL);
  }
}

// The agent says goodbye to the host for all of us; it is the last to go.
static void end_agent(int request) {
  if (agent->pid <= 0) return;
  kill(agent->pid, request);
  int64_t until = now_ms() + AGENT_GRACE_MS;
  while (agent->pid > 0 && now_ms() < until) {
    sleep_ms(5);
    reap();
  }
}

static void __attribute__((noreturn)) stop_machine(int request) {
  end_programs();
  sync();
  unmount_all();
  sync();
  end_agent(request);
  // Without ACPI a power-off is a halt: the kernel says "System halted" and the CPU rests for good.
  reboot(request == SIGTERM ? RB_AUTOBOOT : request == SIGUSR2 ? RB_POWER_OFF : RB_HALT_SYSTEM);
  for (;;) pause();
}

int main(void) {
  umask(022);
  enter_overlay();
  mount_all();
  make_links();
  set_environment();
  set_hostname();
  enable_controllers();
  loopback_up();

  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGCHLD);
  sigaddset(&set, SIGUSR1);
  sigaddset(&set, SIGUSR2);
  sigaddset(&set, SIGTERM);
  sigprocmask(SIG_BLOCK, &set, NULL);

  // Before the shell, so that the host hears of us while the prompt is still being made.
  start(agent);
  console_path = find_console();
  use_terminal(console_path, O_NOCTTY);
  for (;;) {
    reap();
    int wait = start_services();
    struct timespec timeout = {.tv_sec = wait / 1000, .tv_nsec = wait % 1000 * 1000000L};
    int request = sigtimedwait(&set, NULL, wait < 0 ? NULL : &timeout);
    if (request > 0 && request != SIGCHLD) stop_machine(request);
  }
}
