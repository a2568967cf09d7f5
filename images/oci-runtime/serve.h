// `serve`: answers the engine's requests and passes on what launchers report (docs/RUNTIME.md).
#ifndef STRATA_OCI_SERVE_H
#define STRATA_OCI_SERVE_H

#define VERSION "1.3.0"
#define PROTOCOL 1

int serve_run(void);
// Tells the engine that something happened to a container now.
void serve_event(const char *event, const char *id);

#endif
