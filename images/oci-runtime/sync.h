// What a child that is on its way into a container and its launcher tell each other, over a pair of sockets.
#ifndef STRATA_OCI_SYNC_H
#define STRATA_OCI_SYNC_H

#include "error.h"

enum sync_kind {
  // The other end is closed: the child has become its program, or is dead.
  SYNC_END,
  // To the child: its launcher has done its part.
  SYNC_GO,
  // From the child: it is ready and waits for `start`.
  SYNC_READY,
  // From the child, with its terminal's descriptor.
  SYNC_TERMINAL,
  // From the child, with the error.
  SYNC_FAILED,
};

int sync_open(int ends[2]);
int sync_send(int end, enum sync_kind kind, int descriptor);
// Sends the last error.
void sync_send_error(int end);
// An error that comes becomes the last one. `descriptor` is -1 unless one came.
enum sync_kind sync_receive(int end, int *descriptor);

#endif
