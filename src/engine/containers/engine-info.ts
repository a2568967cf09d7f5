import type { EngineInfo, EngineVersion } from '../../api/container-system';
import type { StoredStatus } from './container-records';
import { runtimes, usualRuntime } from './system-mode';

/** The oldest and the newest version of the Engine API that is spoken. */
const apiVersion = '1.47';
const oldestApiVersion = '1.41';
/** What hosts boot (images/kernel). */
const kernelVersion = '6.1';
/** Of the engine whose answers these are. */
const engineRelease = '27.3.1';

export function engineVersion(): EngineVersion {
  return {
    Platform: { Name: 'Strata' },
    Components: [
      {
        Name: 'Engine',
        Version: engineRelease,
        Details: { ApiVersion: apiVersion, MinAPIVersion: oldestApiVersion, Os: 'linux', Arch: '386' },
      },
      { Name: 'strata-oci', Version: '1' },
    ],
    Version: engineRelease,
    ApiVersion: apiVersion,
    MinAPIVersion: oldestApiVersion,
    GitCommit: '',
    GoVersion: '',
    Os: 'linux',
    Arch: '386',
    KernelVersion: kernelVersion,
    BuildTime: '',
  };
}

/** `hosts`: how many run now, each with one CPU; `memory`: bytes that they have together. */
export function engineInfo(states: readonly StoredStatus[], images: number, hosts: number, memory: number): EngineInfo {
  const count = (...wanted: readonly StoredStatus[]): number => states.filter((state) => wanted.includes(state)).length;
  return {
    ID: 'strata',
    Containers: states.length,
    ContainersRunning: count('running', 'restarting'),
    ContainersPaused: count('paused'),
    ContainersStopped: count('created', 'exited', 'dead'),
    Images: images,
    Driver: 'overlay2',
    DriverStatus: [['Backing Filesystem', 'extfs']],
    Plugins: {
      Volume: ['local'],
      Network: ['bridge', 'host', 'null'],
      Authorization: null,
      Log: ['json-file', 'local', 'none'],
    },
    MemoryLimit: true,
    SwapLimit: false,
    CpuCfsPeriod: true,
    CpuCfsQuota: true,
    CPUShares: true,
    CPUSet: true,
    PidsLimit: true,
    IPv4Forwarding: true,
    OomKillDisable: false,
    LoggingDriver: 'json-file',
    CgroupDriver: 'cgroupfs',
    CgroupVersion: '2',
    KernelVersion: kernelVersion,
    OperatingSystem: 'Strata',
    OSType: 'linux',
    Architecture: 'i686',
    IndexServerAddress: 'https://index.docker.io/v1/',
    NCPU: Math.max(1, hosts),
    MemTotal: memory,
    DockerRootDir: '/var/lib/docker',
    Name: 'strata',
    Labels: [],
    ExperimentalBuild: false,
    ServerVersion: engineRelease,
    Runtimes: Object.fromEntries(Object.entries(runtimes).map(([name, path]) => [name, { path }])),
    DefaultRuntime: usualRuntime,
    Swarm: { NodeID: '', NodeAddr: '', LocalNodeState: 'inactive', ControlAvailable: false, Error: '' },
    LiveRestoreEnabled: true,
    Isolation: '',
    InitBinary: 'strata-oci',
    SecurityOptions: ['name=seccomp,profile=builtin', 'name=cgroupns'],
    Warnings: null,
  };
}
