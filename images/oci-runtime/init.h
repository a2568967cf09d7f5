// Pid 1 of containers that ask for one (`docker run --init`): buries orphans and passes signals on.
#ifndef STRATA_OCI_INIT_H
#define STRATA_OCI_INIT_H

// The name under which this program is that.
#define INIT_NAME "docker-init"

// Becomes it; `program` is a descriptor of this program, `child` the process whose end is its own. Returns when it fails.
void init_execute(int program, int child, const char *const *arguments);
int init_main(int count, char **arguments);

#endif
