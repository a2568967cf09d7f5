#define _GNU_SOURCE
#include "terminal.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <termios.h>

#include "error.h"
#include "kernel.h"
#include "mounts.h"
#include "root-path.h"

// --- in the container -----------------------------------------------------------------------------

static int bind_console(int slave) {
  int tree = open_tree(slave, "", TREE_CLONE | TREE_CLOEXEC | AT_EMPTY_PATH);
  if (tree < 0) return fail_os("/dev/console");
  int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
  int target = root < 0 ? -1 : root_make(root, "/dev/console", ENTRY_FILE, 0600);
  int result = target < 0 ? -1 : put_tree(tree, target, "/dev/console");
  if (target >= 0) close(target);
  if (root >= 0) close(root);
  close(tree);
  return result;
}

int terminal_open(bool console, unsigned short columns, unsigned short rows) {
  int master = open("/dev/pts/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (master < 0) return fail_os("terminal: /dev/pts/ptmx");
  int unlock = 0;
  struct winsize size = {.ws_col = columns, .ws_row = rows};
  int slave = ioctl(master, TIOCSPTLCK, &unlock) < 0 ? -1 : ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (slave < 0) return fail_os("terminal");
  if (columns && rows) ioctl(master, TIOCSWINSZ, &size);
  if (console && bind_console(slave) < 0) return -1;
  if (ioctl(slave, TIOCSCTTY, 0) < 0) return fail_os("controlling terminal");
  for (int fd = 0; fd < 3; fd++) {
    if (dup2(slave, fd) < 0) return fail_os("terminal");
  }
  if (slave > 2) close(slave);
  return master;
}

// --- in the launcher ------------------------------------------------------------------------------

void block_signals(void) {
  sigset_t all;
  sigfillset(&all);
  sigprocmask(SIG_SETMASK, &all, NULL);
}

void unblock_signals(void) {
  sigset_t none;
  sigemptyset(&none);
  // What somebody ignored before us would stay ignored in the program.
  for (int number = 1; number < NSIG; number++) signal(number, SIG_DFL);
  sigprocmask(SIG_SETMASK, &none, NULL);
}

// True when the child has ended.
static bool take_signal(int number, int child, int *status) {
  if (number != SIGCHLD) {
    kill(child, number);
    return false;
  }
  // Others that may have become ours are buried on the way.
  bool ended = false;
  int pid;
  while ((pid = waitpid(-1, status, WNOHANG)) > 0 && !(ended = pid == child)) continue;
  return ended;
}

int await_child(int child) {
  sigset_t all;
  sigfillset(&all);
  int status = 0, number;
  do number = sigwaitinfo(&all, NULL);
  while (number < 0 || !take_signal(number, child, &status));
  return status;
}

static void copy_size(int from, int to) {
  struct winsize size;
  if (ioctl(from, TIOCGWINSZ, &size) == 0 && (size.ws_col || size.ws_row)) ioctl(to, TIOCSWINSZ, &size);
}

// Bytes on their way in one direction.
struct flow {
  int from, to;
  bool ended;
  size_t start, end;
  char bytes[4096];
};

static void move(struct flow *f, bool readable, bool writable) {
  if (readable && f->start == f->end) {
    ssize_t got = read(f->from, f->bytes, sizeof f->bytes);
    if (got > 0) f->start = 0, f->end = (size_t)got, writable = true;
    else if (got == 0 || (errno != EAGAIN && errno != EINTR)) f->ended = true;
  }
  if (writable && f->start < f->end) {
    ssize_t put = write(f->to, f->bytes + f->start, f->end - f->start);
    if (put > 0) f->start += (size_t)put;
    else if (errno != EAGAIN && errno != EINTR) f->ended = true, f->start = f->end;
  }
}

static void make_raw(int terminal) {
  struct termios settings;
  if (tcgetattr(terminal, &settings) < 0) return;
  cfmakeraw(&settings);
  tcsetattr(terminal, TCSANOW, &settings);
}

static void set_nonblocking(int fd) { fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK); }

struct relay {
  struct flow in, out;
  int signals;
};

static struct pollfd wanted(const struct flow *f, bool reading) {
  bool holds = f->start < f->end;
  short events = (short)(reading ? (f->ended || holds ? 0 : POLLIN) : (holds ? POLLOUT : 0));
  return (struct pollfd){.fd = events ? (reading ? f->from : f->to) : -1, .events = events};
}

static void wait_and_move(struct relay *r, bool *signalled, int timeout) {
  struct pollfd fds[] = {{.fd = r->signals, .events = POLLIN}, wanted(&r->in, true),  wanted(&r->in, false),
                         wanted(&r->out, true),                wanted(&r->out, false)};
  if (poll(fds, 5, timeout) < 0) return;
  *signalled = fds[0].revents != 0;
  move(&r->in, fds[1].revents != 0, fds[2].revents != 0);
  move(&r->out, fds[3].revents != 0, fds[4].revents != 0);
}

static bool take_signals(struct relay *r, int child, int *status) {
  struct signalfd_siginfo info;
  bool ended = false;
  while (read(r->signals, &info, sizeof info) == sizeof info) {
    if (info.ssi_signo == SIGWINCH) copy_size(STDIN_FILENO, r->in.to);
    else if (take_signal((int)info.ssi_signo, child, status)) ended = true;
  }
  return ended;
}

// What the program wrote before its end is in the terminal, at most this much; children that have it still may write
// for ever.
#define TERMINAL_HOLDS (64 << 10)

static void drain(struct relay *r) {
  bool ignored;
  r->signals = -1;
  r->in.ended = true;
  r->in.start = r->in.end;
  for (size_t drained = 0; !r->out.ended && drained < TERMINAL_HOLDS;) {
    if (r->out.start == r->out.end) {
      move(&r->out, true, false);
      drained += r->out.end;
      if (r->out.start == r->out.end) return;
    }
    wait_and_move(r, &ignored, -1);
  }
}

int terminal_relay(int master, int child) {
  sigset_t all;
  sigfillset(&all);
  static struct relay r;
  r.in.from = STDIN_FILENO, r.in.to = master;
  r.out.from = master, r.out.to = STDOUT_FILENO;
  r.signals = signalfd(-1, &all, SFD_CLOEXEC | SFD_NONBLOCK);
  make_raw(STDIN_FILENO);
  copy_size(STDIN_FILENO, master);
  set_nonblocking(STDIN_FILENO);
  set_nonblocking(STDOUT_FILENO);
  set_nonblocking(master);
  int status = 0;
  for (bool ended = false; !ended;) {
    bool signalled = false;
    wait_and_move(&r, &signalled, -1);
    if (signalled) ended = take_signals(&r, child, &status);
    // Nobody is at the launcher's terminal any more: the container's is hung up, too.
    if (r.in.ended && r.in.from >= 0) {
      r.in.from = -1;
      kill(child, SIGHUP);
    }
  }
  drain(&r);
  return status;
}
