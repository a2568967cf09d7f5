import type { ContainerInspect } from '../../api/container';
import { hiddenPathsOf } from '../containers/container-spec';
import { usualRuntime } from '../containers/system-mode';

/** What docker shows of a config that says nothing of it: templates of clients name fields that have to be there. */
export const plainConfig = {
  Hostname: '',
  Domainname: '',
  User: '',
  AttachStdin: false,
  AttachStdout: false,
  AttachStderr: false,
  Tty: false,
  OpenStdin: false,
  StdinOnce: false,
  Env: [],
  Cmd: null,
  Volumes: null,
  WorkingDir: '',
  Entrypoint: null,
  OnBuild: null,
  Labels: {},
};

const plainHostConfig = {
  Binds: null,
  ContainerIDFile: '',
  LogConfig: { Type: 'json-file', Config: {} },
  NetworkMode: 'default',
  PortBindings: {},
  RestartPolicy: { Name: 'no', MaximumRetryCount: 0 },
  AutoRemove: false,
  VolumeDriver: '',
  VolumesFrom: null,
  ConsoleSize: [0, 0],
  CapAdd: null,
  CapDrop: null,
  CgroupnsMode: 'private',
  Dns: [],
  DnsOptions: [],
  DnsSearch: [],
  ExtraHosts: null,
  GroupAdd: null,
  IpcMode: 'private',
  Cgroup: '',
  Links: null,
  OomScoreAdj: 0,
  PidMode: '',
  Privileged: false,
  PublishAllPorts: false,
  ReadonlyRootfs: false,
  SecurityOpt: null,
  UTSMode: '',
  UsernsMode: '',
  ShmSize: 67_108_864,
  Runtime: usualRuntime,
  Isolation: '',
  CpuShares: 0,
  Memory: 0,
  NanoCpus: 0,
  CgroupParent: '',
  BlkioWeight: 0,
  BlkioWeightDevice: [],
  BlkioDeviceReadBps: [],
  BlkioDeviceWriteBps: [],
  BlkioDeviceReadIOps: [],
  BlkioDeviceWriteIOps: [],
  CpuPeriod: 0,
  CpuQuota: 0,
  CpuRealtimePeriod: 0,
  CpuRealtimeRuntime: 0,
  CpusetCpus: '',
  CpusetMems: '',
  Devices: [],
  DeviceCgroupRules: null,
  DeviceRequests: null,
  MemoryReservation: 0,
  MemorySwap: 0,
  MemorySwappiness: null,
  OomKillDisable: null,
  PidsLimit: null,
  Ulimits: [],
  CpuCount: 0,
  CpuPercent: 0,
  IOMaximumIOps: 0,
  IOMaximumBandwidth: 0,
};

/** A container with all fields of its configs (moby, api/types/container). */
export function showConfigs(container: ContainerInspect) {
  const { Config, HostConfig } = container;
  const { PidsLimit = 0, MemorySwappiness = -1 } = HostConfig;
  // What clients send for "no limit" docker does not keep.
  const unlimited = {
    ...(PidsLimit <= 0 && { PidsLimit: null }),
    ...(MemorySwappiness < 0 && { MemorySwappiness: null }),
  };
  const { maskedPaths: MaskedPaths = null, readonlyPaths: ReadonlyPaths = null } = hiddenPathsOf(HostConfig);
  return {
    ...container,
    Config: { ...plainConfig, ...Config },
    HostConfig: { ...plainHostConfig, ...HostConfig, ...unlimited, MaskedPaths, ReadonlyPaths },
  };
}
