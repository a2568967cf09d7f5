import type { BuildRunRequest } from '../../api/build';
import type { OciMount, OciRuntimeConfig } from '../../api/oci-runtime';
import { chooseCapabilities } from '../containers/capabilities';
import { containerDevices } from '../containers/container-devices';
import { cgroupLimits } from '../containers/container-resources';
import { rlimits } from '../containers/container-spec';
import { maskedPaths, readonlyPaths } from '../containers/hidden-paths';
import { resolveSeccomp } from '../containers/seccomp';
import { defaultSeccompProfile } from '../containers/seccomp-profile';

const harmless = ['nosuid', 'noexec', 'nodev'];
const mounts: readonly OciMount[] = [
  { destination: '/proc', type: 'proc', source: 'proc', options: harmless },
  {
    destination: '/dev',
    type: 'tmpfs',
    source: 'tmpfs',
    options: ['nosuid', 'strictatime', 'mode=755', 'size=65536k'],
  },
  {
    destination: '/dev/pts',
    type: 'devpts',
    source: 'devpts',
    options: ['nosuid', 'noexec', 'newinstance', 'ptmxmode=0666', 'mode=0620', 'gid=5'],
  },
  { destination: '/sys', type: 'sysfs', source: 'sysfs', options: [...harmless, 'ro'] },
];

const usualShmSize = 64 * 1024 ** 2;

function sharedMemory(size = usualShmSize): OciMount {
  return { destination: '/dev/shm', type: 'tmpfs', source: 'shm', options: [...harmless, 'mode=1777', `size=${size}`] };
}

/** As BuildKit calls it. */
export const buildHostname = 'buildkitsandbox';

/** How the runtime runs a RUN: a container with docker's usual limits, and those of a cgroup that the build asks for. */
export function buildConfig(id: string, request: BuildRunRequest, own: readonly OciMount[]): OciRuntimeConfig {
  const { argv, env, cwd, user, network, limits } = request;
  const ulimits = rlimits(limits?.resources ?? {});
  const all = chooseCapabilities({ add: [], drop: [], privileged: false });
  const effective = user.uid === 0 ? all : [];
  const { nodes, rules } = containerDevices({ devices: [], rules: [], privileged: false });
  const namespaces = ['mount', 'uts', 'pid', 'ipc', 'cgroup', ...(network === 'none' ? ['network'] : [])];
  return {
    ociVersion: '1.1.0',
    hostname: buildHostname,
    process: {
      user,
      args: argv,
      env,
      cwd,
      ...(ulimits.length > 0 && { rlimits: ulimits }),
      capabilities: { bounding: all, effective, permitted: effective, inheritable: [], ambient: [] },
    },
    root: { path: 'rootfs' },
    mounts: [...mounts, sharedMemory(limits?.shmSize), ...own],
    linux: {
      namespaces: namespaces.map((type) => ({ type })),
      ...(nodes.length > 0 && { devices: nodes }),
      cgroupsPath: `/build/${id}`,
      resources: { ...(limits && cgroupLimits(limits.resources)), devices: rules },
      seccomp: resolveSeccomp(defaultSeccompProfile, all),
      maskedPaths,
      readonlyPaths,
    },
  };
}
