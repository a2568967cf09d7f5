import type { Shape } from './body-shape';

/** Shapes of what clients send about containers (`api/container.ts`, moby's api/swagger.yaml). */

const strings: Shape = { list: 'string' };
const stringMap: Shape = { map: 'string' };
const set: Shape = { map: 'json' };

const ulimits: Shape = { list: { fields: { Name: 'string', Soft: 'integer', Hard: 'integer' } } };
const throttles: Shape = { list: { fields: { Path: 'string', Rate: 'integer' } } };
const restartPolicy: Shape = { fields: { Name: 'string', MaximumRetryCount: 'integer' } };

const resources: Readonly<Record<string, Shape>> = {
  CpuShares: 'integer',
  Memory: 'integer',
  CgroupParent: 'string',
  BlkioWeight: 'integer',
  BlkioWeightDevice: { list: { fields: { Path: 'string', Weight: 'integer' } } },
  BlkioDeviceReadBps: throttles,
  BlkioDeviceWriteBps: throttles,
  BlkioDeviceReadIOps: throttles,
  BlkioDeviceWriteIOps: throttles,
  CpuPeriod: 'integer',
  CpuQuota: 'integer',
  CpuRealtimePeriod: 'integer',
  CpuRealtimeRuntime: 'integer',
  CpusetCpus: 'string',
  CpusetMems: 'string',
  Devices: { list: { fields: { PathOnHost: 'string', PathInContainer: 'string', CgroupPermissions: 'string' } } },
  DeviceCgroupRules: strings,
  MemoryReservation: 'integer',
  MemorySwap: 'integer',
  MemorySwappiness: 'integer',
  NanoCpus: 'integer',
  OomKillDisable: 'boolean',
  Init: 'boolean',
  PidsLimit: 'integer',
  Ulimits: ulimits,
};

const mount: Shape = {
  fields: {
    Target: 'string',
    Source: 'string',
    Type: 'string',
    ReadOnly: 'boolean',
    Consistency: 'string',
    BindOptions: { fields: { Propagation: 'string', CreateMountpoint: 'boolean' } },
    VolumeOptions: {
      fields: {
        NoCopy: 'boolean',
        Labels: stringMap,
        DriverConfig: { fields: { Name: 'string', Options: stringMap } },
        Subpath: 'string',
      },
    },
    TmpfsOptions: { fields: { SizeBytes: 'integer', Mode: 'integer' } },
  },
};

const portMap: Shape = { map: { list: { fields: { HostIp: 'string', HostPort: 'string' } } }, nulls: true };

const hostConfigShape: Shape = {
  fields: {
    ...resources,
    Binds: strings,
    ContainerIDFile: 'string',
    LogConfig: { fields: { Type: 'string', Config: stringMap } },
    NetworkMode: 'string',
    PortBindings: portMap,
    RestartPolicy: restartPolicy,
    AutoRemove: 'boolean',
    VolumeDriver: 'string',
    VolumesFrom: strings,
    Mounts: { list: mount },
    Annotations: stringMap,
    CapAdd: 'words',
    CapDrop: 'words',
    CgroupnsMode: 'string',
    Dns: strings,
    DnsOptions: strings,
    DnsSearch: strings,
    ExtraHosts: strings,
    GroupAdd: strings,
    IpcMode: 'string',
    Cgroup: 'string',
    Links: strings,
    OomScoreAdj: 'integer',
    PidMode: 'string',
    Privileged: 'boolean',
    PublishAllPorts: 'boolean',
    ReadonlyRootfs: 'boolean',
    SecurityOpt: strings,
    StorageOpt: stringMap,
    Tmpfs: stringMap,
    UTSMode: 'string',
    UsernsMode: 'string',
    ShmSize: 'integer',
    Sysctls: stringMap,
    Runtime: 'string',
    Isolation: 'string',
    DeviceRequests: {
      list: { fields: { Driver: 'string', Count: 'integer', DeviceIDs: strings, Capabilities: { list: strings } } },
    },
    ConsoleSize: { list: 'integer' },
    MaskedPaths: strings,
    ReadonlyPaths: strings,
  },
};

const endpoint: Shape = {
  fields: {
    IPAMConfig: { fields: { IPv4Address: 'string' } },
    Links: strings,
    Aliases: strings,
    MacAddress: 'string',
    DriverOpts: stringMap,
  },
};

const containerConfig: Readonly<Record<string, Shape>> = {
  Hostname: 'string',
  Domainname: 'string',
  User: 'string',
  AttachStdin: 'boolean',
  AttachStdout: 'boolean',
  AttachStderr: 'boolean',
  ExposedPorts: set,
  Tty: 'boolean',
  OpenStdin: 'boolean',
  StdinOnce: 'boolean',
  Env: strings,
  Cmd: 'words',
  Healthcheck: {
    fields: {
      Test: strings,
      Interval: 'integer',
      Timeout: 'integer',
      Retries: 'integer',
      StartPeriod: 'integer',
      StartInterval: 'integer',
    },
  },
  Image: 'string',
  Volumes: set,
  WorkingDir: 'string',
  Entrypoint: 'words',
  NetworkDisabled: 'boolean',
  MacAddress: 'string',
  OnBuild: strings,
  Labels: stringMap,
  StopSignal: 'string',
  StopTimeout: 'integer',
  Shell: 'words',
};

export const containerConfigShape: Shape = { fields: containerConfig };

export const containerCreateShape: Shape = {
  fields: {
    ...containerConfig,
    HostConfig: hostConfigShape,
    NetworkingConfig: { fields: { EndpointsConfig: { map: endpoint } } },
  },
};

export const containerUpdateShape: Shape = { fields: { ...resources, RestartPolicy: restartPolicy } };

export const execCreateShape: Shape = {
  fields: {
    AttachStdin: 'boolean',
    AttachStdout: 'boolean',
    AttachStderr: 'boolean',
    DetachKeys: 'string',
    Tty: 'boolean',
    Env: strings,
    Cmd: 'words',
    Privileged: 'boolean',
    User: 'string',
    WorkingDir: 'string',
    ConsoleSize: { list: 'integer' },
  },
};

export const execStartShape: Shape = {
  fields: { Detach: 'boolean', Tty: 'boolean', ConsoleSize: { list: 'integer' } },
};

export const networkCreateShape: Shape = {
  fields: {
    Name: 'string',
    CheckDuplicate: 'boolean',
    Driver: 'string',
    Internal: 'boolean',
    Attachable: 'boolean',
    Ingress: 'boolean',
    ConfigOnly: 'boolean',
    ConfigFrom: { fields: { Network: 'string' } },
    EnableIPv6: 'boolean',
    IPAM: {
      fields: {
        Driver: 'string',
        Config: {
          list: { fields: { Subnet: 'string', Gateway: 'string', IPRange: 'string', AuxiliaryAddresses: stringMap } },
        },
      },
    },
    Options: stringMap,
    Labels: stringMap,
  },
};

export const networkConnectShape: Shape = { fields: { Container: 'string', EndpointConfig: endpoint } };

export const networkDisconnectShape: Shape = { fields: { Container: 'string', Force: 'boolean' } };

export const volumeCreateShape: Shape = {
  fields: { Name: 'string', Driver: 'string', DriverOpts: stringMap, Labels: stringMap },
};
