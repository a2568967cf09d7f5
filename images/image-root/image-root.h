// strata-root: what its parts know of each other.
#pragma once

#include <stddef.h>

// Ends the program with 1 and "CALL: WHAT: why" on stderr; why is what `errno` says.
_Noreturn void fail(const char *call, const char *what);
_Noreturn void fail_because(const char *call, const char *what, const char *why);

// Puts the words one behind the other; false when there is no room for them.
int join(char *to, size_t size, const char *const words[], int count);

// Makes the directory and those above it that are missing. 0, or -1 with errno.
int make_directories(const char *path);

// Mounts the image's layers, the disk, and the overlay of both with what the guest has mounted and is called; the
// working directory is that root then.
void prepare_root(int layers);

// Makes the working directory the root of every program there is; the one that was is gone then.
void enter_root(void);

// Has PID 1 start the console's shell again, which is the image's then.
void renew_console(void);

// Starts the image's command in a session of its own; what it writes goes to a file.
void start_command(const char *directory, const char *user, char **argv);
