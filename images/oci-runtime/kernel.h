// System calls and constants of Linux 6.1 that the C library does not have: numbers are the same on all machines.
#ifndef STRATA_OCI_KERNEL_H
#define STRATA_OCI_KERNEL_H

#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

// --- mounts (man 2 open_tree, move_mount, mount_setattr) -----------------------------------------

#ifndef AT_RECURSIVE
#define AT_RECURSIVE 0x8000
#endif
#ifndef AT_EMPTY_PATH
#define AT_EMPTY_PATH 0x1000
#endif
#define TREE_CLONE 1
#define TREE_CLOEXEC O_CLOEXEC
#define MOVE_FROM_FD 0x04
#define MOVE_TO_FD 0x40

#define ATTR_RDONLY 0x01
#define ATTR_NOSUID 0x02
#define ATTR_NODEV 0x04
#define ATTR_NOEXEC 0x08
#define ATTR_ATIME 0x70
#define ATTR_RELATIME 0x00
#define ATTR_NOATIME 0x10
#define ATTR_STRICTATIME 0x20
#define ATTR_NODIRATIME 0x80
#define ATTR_IDMAP 0x100000
#define ATTR_NOSYMFOLLOW 0x200000

struct mount_attributes {
  uint64_t set, clear, propagation, user_namespace;
};

static inline int open_tree(int directory, const char *path, unsigned flags) {
  return (int)syscall(428, directory, path, flags);
}
static inline int move_mount(int from, const char *from_path, int to, const char *to_path, unsigned flags) {
  return (int)syscall(429, from, from_path, to, to_path, flags);
}
static inline int mount_setattr(int directory, const char *path, unsigned flags, const struct mount_attributes *a) {
  return (int)syscall(442, directory, path, flags, a, sizeof *a);
}
static inline int pivot_root(const char *root, const char *old) { return (int)syscall(SYS_pivot_root, root, old); }

// --- paths (man 2 openat2) ------------------------------------------------------------------------

#define RESOLVE_NO_MAGIC 0x02
#define RESOLVE_ROOT 0x10

struct open_how_ {
  uint64_t flags, mode, resolve;
};

static inline int openat2(int directory, const char *path, uint64_t flags, uint64_t resolve) {
  struct open_how_ how = {flags | O_CLOEXEC, 0, resolve};
  return (int)syscall(437, directory, path, &how, sizeof how);
}

// --- processes (man 2 clone3, pidfd_open) ---------------------------------------------------------

#define CLONE_TO_CGROUP 0x200000000ULL
#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x80
#endif

struct clone_arguments {
  uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls, set_tid, set_tid_size, cgroup;
};

static inline int clone3(const struct clone_arguments *arguments) {
  return (int)syscall(435, arguments, sizeof *arguments);
}
static inline int pidfd_open(int pid) { return (int)syscall(434, pid, 0); }
static inline int pidfd_signal(int pidfd, int signal) { return (int)syscall(424, pidfd, signal, NULL, 0); }
static inline int close_from(unsigned first, unsigned flags) { return (int)syscall(436, first, ~0u, flags); }
#define CLOSE_ON_EXEC 4u

#endif
