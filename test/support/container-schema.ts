import { imageSummary, type Rule } from './engine-schema';

/**
 * What the Docker Engine API answers of containers, execs, networks, volumes and itself, by its documentation for 1.47
 * (moby, api/docs/v1.47.yaml). Fields that documentation knows and that no client needs may be absent.
 */

const strings: Rule = { list: 'string' };
const maybeStrings: Rule = { nullable: strings };
const labels: Rule = { map: 'string' };
const states = ['created', 'running', 'paused', 'restarting', 'removing', 'exited', 'dead'];

const mountPoint: Rule = {
  fields: {
    Type: { oneOf: ['bind', 'volume', 'tmpfs'] },
    'Name?': 'text',
    Source: 'string',
    Destination: 'text',
    'Driver?': 'string',
    Mode: 'string',
    RW: 'boolean',
    Propagation: 'string',
  },
};

const endpoint: Rule = {
  fields: {
    IPAMConfig: { nullable: 'any' },
    Links: maybeStrings,
    Aliases: maybeStrings,
    MacAddress: 'string',
    DriverOpts: { nullable: labels },
    NetworkID: 'id',
    EndpointID: 'string',
    Gateway: 'string',
    IPAddress: 'string',
    IPPrefixLen: 'integer',
    IPv6Gateway: 'string',
    GlobalIPv6Address: 'string',
    GlobalIPv6PrefixLen: 'integer',
    DNSNames: maybeStrings,
  },
};

export const containerSummary: Rule = {
  fields: {
    Id: 'id',
    Names: { list: 'text' },
    Image: 'text',
    ImageID: 'digest',
    Command: 'string',
    Created: 'integer',
    Ports: {
      list: {
        fields: { 'IP?': 'text', PrivatePort: 'integer', 'PublicPort?': 'integer', Type: { oneOf: ['tcp', 'udp'] } },
      },
    },
    'SizeRw?': 'integer',
    'SizeRootFs?': 'integer',
    Labels: labels,
    State: { oneOf: states },
    Status: 'text',
    HostConfig: { fields: { NetworkMode: 'string' } },
    NetworkSettings: { fields: { Networks: { map: endpoint } } },
    Mounts: { list: mountPoint },
  },
};

const healthLog: Rule = { fields: { Start: 'time', End: 'time', ExitCode: 'integer', Output: 'string' } };

const containerState: Rule = {
  fields: {
    Status: { oneOf: states },
    Running: 'boolean',
    Paused: 'boolean',
    Restarting: 'boolean',
    OOMKilled: 'boolean',
    Dead: 'boolean',
    Pid: 'integer',
    ExitCode: 'integer',
    Error: 'string',
    StartedAt: 'time',
    FinishedAt: 'time',
    'Health?': {
      fields: {
        Status: { oneOf: ['none', 'starting', 'healthy', 'unhealthy'] },
        FailingStreak: 'integer',
        Log: { list: healthLog },
      },
    },
  },
};

export const containerInspect: Rule = {
  fields: {
    Id: 'id',
    Created: 'time',
    Path: 'string',
    Args: strings,
    State: containerState,
    Image: 'digest',
    ResolvConfPath: 'text',
    HostnamePath: 'text',
    HostsPath: 'text',
    LogPath: 'text',
    Name: 'text',
    RestartCount: 'integer',
    Driver: 'text',
    Platform: { oneOf: ['linux'] },
    MountLabel: 'string',
    ProcessLabel: 'string',
    AppArmorProfile: 'string',
    ExecIDs: { nullable: { list: 'id' } },
    HostConfig: { fields: { NetworkMode: 'text', RestartPolicy: { fields: { Name: 'string' } } } },
    GraphDriver: { fields: { Name: 'text', Data: { nullable: labels } } },
    'SizeRw?': 'integer',
    'SizeRootFs?': 'integer',
    Mounts: { list: mountPoint },
    Config: {
      fields: {
        Hostname: 'string',
        User: 'string',
        Tty: 'boolean',
        OpenStdin: 'boolean',
        Env: maybeStrings,
        Cmd: maybeStrings,
        Image: 'text',
        WorkingDir: 'string',
        Labels: labels,
      },
    },
    NetworkSettings: {
      fields: {
        SandboxID: 'string',
        Ports: { map: { nullable: { list: { fields: { HostIp: 'string', HostPort: 'text' } } } } },
        Networks: { map: endpoint },
      },
    },
  },
};

const throttling: Rule = { map: 'integer' };
const cpu: Rule = {
  fields: {
    cpu_usage: { fields: { total_usage: 'integer', usage_in_kernelmode: 'integer', usage_in_usermode: 'integer' } },
    'system_cpu_usage?': 'number',
    'online_cpus?': 'integer',
    throttling_data: throttling,
  },
};

/** Of one that runs. */
export const containerStats: Rule = {
  fields: {
    read: 'time',
    preread: 'time',
    pids_stats: { fields: { current: 'integer', 'limit?': 'integer' } },
    blkio_stats: { map: 'any' },
    num_procs: 'integer',
    storage_stats: { map: 'any' },
    cpu_stats: cpu,
    precpu_stats: cpu,
    memory_stats: { fields: { usage: 'integer', limit: 'integer', stats: { map: 'integer' } } },
    name: 'text',
    id: 'id',
    networks: { map: { map: 'integer' } },
  },
};

export const containerTop: Rule = { fields: { Titles: { list: 'text' }, Processes: { list: { list: 'text' } } } };
export const containerWait: Rule = { fields: { StatusCode: 'integer', 'Error?': { fields: { Message: 'text' } } } };
export const containerChange: Rule = { fields: { Path: 'text', Kind: { oneOf: [0, 1, 2] } } };
export const updated: Rule = { fields: { Warnings: maybeStrings } };

export const execInspect: Rule = {
  fields: {
    ID: 'id',
    Running: 'boolean',
    ExitCode: { nullable: 'integer' },
    ProcessConfig: {
      fields: { tty: 'boolean', entrypoint: 'text', arguments: strings, privileged: 'boolean', 'user?': 'text' },
    },
    OpenStdin: 'boolean',
    OpenStderr: 'boolean',
    OpenStdout: 'boolean',
    CanRemove: 'boolean',
    ContainerID: 'id',
    DetachKeys: 'string',
    Pid: 'integer',
  },
};

export const networkInspect: Rule = {
  fields: {
    Name: 'text',
    Id: 'id',
    Created: 'time',
    Scope: { oneOf: ['local'] },
    Driver: { oneOf: ['bridge', 'host', 'null'] },
    EnableIPv4: 'boolean',
    EnableIPv6: 'boolean',
    IPAM: {
      fields: {
        Driver: 'text',
        Options: { nullable: labels },
        Config: { list: { fields: { Subnet: 'text', Gateway: 'text' } } },
      },
    },
    Internal: 'boolean',
    Attachable: 'boolean',
    Ingress: 'boolean',
    ConfigFrom: { fields: { Network: 'string' } },
    ConfigOnly: 'boolean',
    Containers: {
      map: {
        fields: {
          Name: 'text',
          EndpointID: 'id',
          MacAddress: 'text',
          IPv4Address: 'text',
          IPv6Address: 'string',
        },
      },
    },
    Options: labels,
    Labels: labels,
  },
};

export const volume: Rule = {
  fields: {
    Name: 'text',
    Driver: { oneOf: ['local'] },
    Mountpoint: 'text',
    CreatedAt: 'time',
    Labels: { nullable: labels },
    Scope: { oneOf: ['local'] },
    Options: { nullable: labels },
    'Status?': { map: 'any' },
    'UsageData?': { fields: { Size: 'integer', RefCount: 'integer' } },
  },
};

export const eventMessage: Rule = {
  fields: {
    Type: { oneOf: ['builder', 'container', 'image', 'network', 'volume'] },
    Action: 'text',
    Actor: { fields: { ID: 'string', Attributes: labels } },
    scope: { oneOf: ['local'] },
    time: 'integer',
    timeNano: 'number',
    'status?': 'text',
    'id?': 'string',
    'from?': 'string',
  },
};

export const systemVersion: Rule = {
  fields: {
    Platform: { fields: { Name: 'text' } },
    Components: { list: { fields: { Name: 'text', Version: 'text', 'Details?': labels } } },
    Version: 'text',
    ApiVersion: 'text',
    MinAPIVersion: 'text',
    GitCommit: 'string',
    GoVersion: 'string',
    Os: { oneOf: ['linux'] },
    Arch: 'text',
    KernelVersion: 'text',
    BuildTime: 'string',
  },
};

export const systemInfo: Rule = {
  fields: {
    ID: 'text',
    Containers: 'integer',
    ContainersRunning: 'integer',
    ContainersPaused: 'integer',
    ContainersStopped: 'integer',
    Images: 'integer',
    Driver: 'text',
    DriverStatus: { list: strings },
    Plugins: { map: { nullable: strings } },
    MemoryLimit: 'boolean',
    PidsLimit: 'boolean',
    IPv4Forwarding: 'boolean',
    LoggingDriver: 'text',
    CgroupDriver: 'text',
    CgroupVersion: { oneOf: ['2'] },
    KernelVersion: 'text',
    OperatingSystem: 'text',
    OSType: { oneOf: ['linux'] },
    Architecture: 'text',
    IndexServerAddress: 'text',
    NCPU: 'integer',
    MemTotal: 'integer',
    DockerRootDir: 'text',
    Name: 'text',
    Labels: maybeStrings,
    ExperimentalBuild: 'boolean',
    ServerVersion: 'text',
    Runtimes: { map: { fields: { path: 'text' } } },
    DefaultRuntime: 'text',
    Swarm: { fields: { LocalNodeState: { oneOf: ['inactive'] } } },
    LiveRestoreEnabled: 'boolean',
    SecurityOptions: strings,
    Warnings: maybeStrings,
  },
};

export const diskUsage: Rule = {
  fields: {
    LayersSize: 'integer',
    Images: { list: imageSummary },
    Containers: { list: containerSummary },
    Volumes: { list: volume },
    BuildCache: { nullable: { list: { map: 'any' } } },
  },
};
