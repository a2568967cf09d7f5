// The system calls of the architecture this is compiled for.
#ifndef STRATA_OCI_SYSCALLS_H
#define STRATA_OCI_SYSCALLS_H

// -1: there is none of that name.
int syscall_number(const char *name);

#endif
