import { SandboxError } from '../../base/errors';

/** Of Linux 6.1 (include/uapi/linux/capability.h), in the order of their numbers. */
export const allCapabilities =
  'CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE NET_BIND_SERVICE NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT SYS_PTRACE SYS_PACCT SYS_ADMIN SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL SETFCAP MAC_OVERRIDE MAC_ADMIN SYSLOG WAKE_ALARM BLOCK_SUSPEND AUDIT_READ PERFMON BPF CHECKPOINT_RESTORE'
    .split(' ')
    .map((name) => `CAP_${name}`);

/** What docker leaves to a container (docs.docker.com, "Runtime privilege and Linux capabilities"). */
const usual: ReadonlySet<string> = new Set(
  'CHOWN DAC_OVERRIDE FSETID FOWNER MKNOD NET_RAW SETGID SETUID SETFCAP SETPCAP NET_BIND_SERVICE SYS_CHROOT KILL AUDIT_WRITE'
    .split(' ')
    .map((name) => `CAP_${name}`),
);

export interface CapabilityWish {
  readonly add: readonly string[];
  readonly drop: readonly string[];
  readonly privileged: boolean;
}

/**
 * What a container may do at most: `ALL` and names with and without `CAP_` are understood, an addition wins over what is
 * dropped by `ALL`, and loses to what is dropped by name. `InvalidArgument` for what is no capability.
 */
export function chooseCapabilities({ add, drop, privileged }: CapabilityWish): readonly string[] {
  const added = normalize(add, 'CapAdd');
  const dropped = normalize(drop, 'CapDrop');
  if (privileged) return allCapabilities;
  const base = added.has('ALL') ? new Set(allCapabilities) : dropped.has('ALL') ? new Set<string>() : usual;
  return allCapabilities.filter((name) => {
    if (dropped.has(name) && !(dropped.has('ALL') && added.has(name))) return false;
    return base.has(name) || added.has(name);
  });
}

function normalize(names: readonly string[], field: string): ReadonlySet<string> {
  return new Set(
    names.map((given) => {
      const upper = given.trim().toUpperCase();
      if (upper === 'ALL') return upper;
      const name = upper.startsWith('CAP_') ? upper : `CAP_${upper}`;
      if (allCapabilities.includes(name)) return name;
      throw new SandboxError('InvalidArgument', `invalid ${field}: unknown capability: "${name}"`);
    }),
  );
}
