import type { DeviceMapping } from '../../api/container';
import type { OciLinux, OciResources } from '../../api/oci-runtime';
import { SandboxError } from '../../base/errors';

type Device = NonNullable<OciLinux['devices']>[number];
type DeviceRule = NonNullable<OciResources['devices']>[number];

/** What a host has in /dev beside what every container gets anyway (Linux, Documentation/admin-guide/devices.txt). */
const hostDevices: Readonly<Record<string, readonly [type: 'c' | 'b', major: number, minor: number]>> = {
  '/dev/mem': ['c', 1, 1],
  '/dev/null': ['c', 1, 3],
  '/dev/port': ['c', 1, 4],
  '/dev/zero': ['c', 1, 5],
  '/dev/full': ['c', 1, 7],
  '/dev/random': ['c', 1, 8],
  '/dev/urandom': ['c', 1, 9],
  '/dev/kmsg': ['c', 1, 11],
  '/dev/tty': ['c', 5, 0],
  '/dev/net/tun': ['c', 10, 200],
  '/dev/fuse': ['c', 10, 229],
  '/dev/loop-control': ['c', 10, 237],
  '/dev/loop0': ['b', 7, 0],
  '/dev/loop1': ['b', 7, 1],
  '/dev/loop2': ['b', 7, 2],
  '/dev/loop3': ['b', 7, 3],
};

/** Open to every container: nodes may be made, and those that the runtime makes itself may be used. */
const usualRules: readonly DeviceRule[] = [
  { allow: false, access: 'rwm' },
  { allow: true, type: 'c', access: 'm' },
  { allow: true, type: 'b', access: 'm' },
  ...[3, 5, 7, 8, 9].map((minor): DeviceRule => ({ allow: true, type: 'c', major: 1, minor, access: 'rwm' })),
  // Not 1, the console of the host's kernel: /dev/console of a container is its own terminal.
  ...[0, 2].map((minor): DeviceRule => ({ allow: true, type: 'c', major: 5, minor, access: 'rwm' })),
  { allow: true, type: 'c', major: 136, access: 'rwm' },
];

export interface DeviceWish {
  readonly devices: readonly DeviceMapping[];
  /** As `--device-cgroup-rule` takes them: `c 10:* rwm`. */
  readonly rules: readonly string[];
  readonly privileged: boolean;
}

/** Nodes that a container finds in /dev, and what its cgroup lets it do with devices. `InvalidArgument` for unknown ones. */
export function containerDevices({ devices, rules, privileged }: DeviceWish): {
  readonly nodes: readonly Device[];
  readonly rules: readonly DeviceRule[];
} {
  if (privileged) {
    return {
      nodes: Object.keys(hostDevices).map((path) => nodeOf(path, path)),
      rules: [{ allow: true, access: 'rwm' }],
    };
  }
  const nodes = devices.map(({ PathOnHost, PathInContainer }) => nodeOf(PathOnHost, PathInContainer || PathOnHost));
  const opened = nodes.map(({ type, major = 0, minor = 0 }, at): DeviceRule => {
    const access = devices[at]?.CgroupPermissions || 'rwm';
    if (!/^[rwm]{1,3}$/.test(access)) throw invalid(`invalid device mode: ${access}`);
    return { allow: true, type, major, minor, access };
  });
  return { nodes, rules: [...usualRules, ...opened, ...rules.map(parseDeviceRule)] };
}

function nodeOf(onHost: string, path: string): Device {
  const found = hostDevices[onHost];
  if (!found) {
    throw invalid(
      `error gathering device information while adding custom device "${onHost}": no such file or directory`,
    );
  }
  const [type, major, minor] = found;
  return { type, path, major, minor, fileMode: 0o660, uid: 0, gid: 0 };
}

function parseDeviceRule(text: string): DeviceRule {
  const [, type = '', major = '', minor = '', access = ''] =
    /^([acb]) ([0-9]+|\*):([0-9]+|\*) ([rwm]{1,3})$/.exec(text) ?? [];
  if (type === '') throw invalid(`invalid device cgroup rule format: '${text}'`);
  return {
    allow: true,
    type,
    ...(major !== '*' && { major: Number(major) }),
    ...(minor !== '*' && { minor: Number(minor) }),
    access,
  };
}

function invalid(message: string): SandboxError {
  return new SandboxError('InvalidArgument', message);
}
