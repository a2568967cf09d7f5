// Which device nodes a container may open and make: a BPF program at its cgroup (kernel, cgroup-v2, "Device controller").
#ifndef STRATA_OCI_DEVICE_FILTER_H
#define STRATA_OCI_DEVICE_FILTER_H

#include <linux/bpf.h>

#include "json.h"

#define DEVICE_FILTER_MAX 2048

// The program for `linux.resources.devices`, of which the last rule that fits decides, with the devices every container
// has allowed. Its length; 0 when everything is allowed; -1 and an error.
int device_filter_compile(const struct json *rules, struct bpf_insn *program);
int device_filter_attach(int cgroup, const struct json *rules);

#endif
