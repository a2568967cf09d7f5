// What `serve` says to the engine.
#ifndef STRATA_OCI_SERVE_OUTPUT_H
#define STRATA_OCI_SERVE_OUTPUT_H

#include "text.h"

// The beginning of an event; `output_send` ends the object and the line, and frees it.
struct text output_event(const char *event, const char *id);
void output_send(struct text *object);
// One line as it is.
void output_line(const char *line, size_t length);

#endif
