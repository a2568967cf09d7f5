// Terminals: the container's own, and the way between it and the launcher's.
#ifndef STRATA_OCI_TERMINAL_H
#define STRATA_OCI_TERMINAL_H

#include <stdbool.h>

// In the container: a new terminal of its devpts, which becomes the controlling one of this process and its three
// streams. With `console` also /dev/console. The launcher's end of it.
int terminal_open(bool console, unsigned short columns, unsigned short rows);

// In the launcher: relays between its own terminal and `master` until `child` has ended, and passes signals on.
// Like `await_child`.
int terminal_relay(int master, int child);
// Passes signals on until `child` has ended; its wait status.
int await_child(int child);
// Signals are taken by the two above from then on.
void block_signals(void);
void unblock_signals(void);

#endif
