/**
 * What answers of the Docker Engine API have to look like, by its documentation for 1.47 (moby, api/swagger.yaml). A rule is
 * the name of a type, or made of rules; a field whose name ends in `?` may be absent.
 */
export type Rule =
  | 'string'
  | 'text'
  | 'integer'
  | 'number'
  | 'boolean'
  | 'any'
  | 'time'
  | 'digest'
  | 'id'
  | { readonly list: Rule }
  | { readonly map: Rule }
  | { readonly fields: Readonly<Record<string, Rule>> }
  | { readonly oneOf: readonly unknown[] }
  | { readonly nullable: Rule };

/** What is wrong with a value, each with its path. */
export function violations(value: unknown, rule: Rule, path = '$'): readonly string[] {
  const wrong = (expected: string): readonly string[] => [
    `${path} is no ${expected}: ${JSON.stringify(value)?.slice(0, 80)}`,
  ];
  if (typeof rule === 'string') return basic[rule](value) ? [] : wrong(rule);
  if ('nullable' in rule) return value === null ? [] : violations(value, rule.nullable, path);
  if ('oneOf' in rule) return rule.oneOf.includes(value) ? [] : wrong(`one of ${JSON.stringify(rule.oneOf)}`);
  if ('list' in rule) {
    if (!Array.isArray(value)) return wrong('list');
    return value.flatMap((item, at) => violations(item, rule.list, `${path}[${at}]`));
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return wrong('object');
  const given = value as Readonly<Record<string, unknown>>;
  if ('map' in rule) {
    return Object.entries(given).flatMap(([key, item]) => violations(item, rule.map, `${path}.${key}`));
  }
  return Object.entries(rule.fields).flatMap(([name, inner]) => {
    const key = name.replace(/\?$/, '');
    if (given[key] !== undefined) return violations(given[key], inner, `${path}.${key}`);
    return key === name ? [`${path}.${key} is missing`] : [];
  });
}

const rfc3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/;

const basic: Readonly<Record<Extract<Rule, string>, (value: unknown) => boolean>> = {
  any: () => true,
  string: (value) => typeof value === 'string',
  text: (value) => typeof value === 'string' && value !== '',
  integer: Number.isSafeInteger,
  number: (value) => typeof value === 'number' && Number.isFinite(value),
  boolean: (value) => typeof value === 'boolean',
  time: (value) => typeof value === 'string' && rfc3339.test(value),
  digest: (value) => typeof value === 'string' && /^sha256:[0-9a-f]{64}$/.test(value),
  id: (value) => typeof value === 'string' && /^[0-9a-f]{64}$/.test(value),
};

const strings: Rule = { list: 'string' };
const labels: Rule = { map: 'string' };
const someStrings: Rule = { nullable: strings };

const endpoint: Rule = {
  fields: {
    'IPAMConfig?': { nullable: 'any' },
    'Aliases?': someStrings,
    'MacAddress?': 'string',
    NetworkID: 'string',
    EndpointID: 'string',
    Gateway: 'string',
    IPAddress: 'string',
    IPPrefixLen: 'integer',
  },
};

const mount: Rule = {
  fields: {
    Type: { oneOf: ['bind', 'volume', 'tmpfs'] },
    'Name?': 'string',
    Source: 'string',
    Destination: 'text',
    'Driver?': 'string',
    Mode: 'string',
    RW: 'boolean',
    Propagation: 'string',
  },
};

const status: Rule = { oneOf: ['created', 'running', 'paused', 'restarting', 'removing', 'exited', 'dead'] };

const portMap: Rule = { map: { nullable: { list: { fields: { HostIp: 'string', HostPort: 'text' } } } } };

export const containerSummary: Rule = {
  fields: {
    Id: 'id',
    Names: strings,
    Image: 'text',
    ImageID: 'digest',
    Command: 'string',
    Created: 'integer',
    Ports: {
      list: {
        fields: {
          'IP?': 'string',
          PrivatePort: 'integer',
          'PublicPort?': 'integer',
          Type: { oneOf: ['tcp', 'udp', 'sctp'] },
        },
      },
    },
    'SizeRw?': 'integer',
    'SizeRootFs?': 'integer',
    Labels: labels,
    State: status,
    Status: 'string',
    HostConfig: { fields: { NetworkMode: 'text' } },
    NetworkSettings: { fields: { Networks: { map: endpoint } } },
    Mounts: { list: mount },
  },
};

const runConfig: Rule = {
  fields: {
    'Hostname?': 'string',
    'User?': 'string',
    'AttachStdin?': 'boolean',
    'Tty?': 'boolean',
    'OpenStdin?': 'boolean',
    'StdinOnce?': 'boolean',
    'Env?': someStrings,
    'Cmd?': someStrings,
    'Entrypoint?': someStrings,
    'Labels?': { nullable: labels },
    'Volumes?': { nullable: { map: 'any' } },
    'ExposedPorts?': { map: 'any' },
    'WorkingDir?': 'string',
    'OnBuild?': someStrings,
    'StopSignal?': 'string',
  },
};

export const containerInspect: Rule = {
  fields: {
    Id: 'id',
    Created: 'time',
    Path: 'text',
    Args: strings,
    State: {
      fields: {
        Status: status,
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
      },
    },
    Image: 'digest',
    ResolvConfPath: 'string',
    HostnamePath: 'string',
    HostsPath: 'string',
    LogPath: 'string',
    Name: 'text',
    RestartCount: 'integer',
    Driver: 'text',
    Platform: 'text',
    MountLabel: 'string',
    ProcessLabel: 'string',
    AppArmorProfile: 'string',
    ExecIDs: { nullable: { list: 'id' } },
    HostConfig: {
      fields: {
        NetworkMode: 'text',
        RestartPolicy: { fields: { Name: 'string', MaximumRetryCount: 'integer' } },
        'AutoRemove?': 'boolean',
        'Privileged?': 'boolean',
        'Memory?': 'integer',
        'CapAdd?': someStrings,
        'CapDrop?': someStrings,
        'Binds?': someStrings,
        'PortBindings?': { nullable: portMap },
      },
    },
    GraphDriver: { fields: { Name: 'text', Data: 'any' } },
    Mounts: { list: mount },
    Config: runConfig,
    NetworkSettings: { fields: { Ports: portMap, Networks: { map: endpoint } } },
  },
};

export const imageSummary: Rule = {
  fields: {
    Id: 'digest',
    ParentId: 'string',
    RepoTags: strings,
    RepoDigests: strings,
    Created: 'integer',
    Size: 'integer',
    SharedSize: 'integer',
    Labels: { nullable: labels },
    Containers: 'integer',
  },
};

export const imageInspect: Rule = {
  fields: {
    Id: 'digest',
    RepoTags: strings,
    RepoDigests: strings,
    Parent: 'string',
    Comment: 'string',
    'Created?': 'time',
    DockerVersion: 'string',
    Author: 'string',
    Config: runConfig,
    Architecture: 'text',
    Os: 'text',
    Size: 'integer',
    GraphDriver: { fields: { Name: 'text', Data: 'any' } },
    RootFS: { fields: { Type: { oneOf: ['layers'] }, Layers: { list: 'digest' } } },
    Metadata: { fields: { LastTagTime: 'time' } },
  },
};

export const imageHistory: Rule = {
  list: {
    fields: {
      Id: 'text',
      Created: 'integer',
      CreatedBy: 'string',
      Tags: someStrings,
      Size: 'integer',
      Comment: 'string',
    },
  },
};

export const imageDeleted: Rule = { list: { fields: { 'Untagged?': 'text', 'Deleted?': 'digest' } } };

export const networkInspect: Rule = {
  fields: {
    Name: 'text',
    Id: 'id',
    Created: 'time',
    Scope: { oneOf: ['local'] },
    Driver: 'text',
    EnableIPv6: 'boolean',
    IPAM: {
      fields: {
        Driver: 'text',
        Options: { nullable: labels },
        Config: { list: { fields: { 'Subnet?': 'text', 'Gateway?': 'text', 'IPRange?': 'string' } } },
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
          EndpointID: 'string',
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
    Driver: 'text',
    Mountpoint: 'string',
    CreatedAt: 'time',
    Labels: { nullable: labels },
    Scope: { oneOf: ['local', 'global'] },
    Options: { nullable: labels },
    'Status?': 'any',
    'UsageData?': { fields: { Size: 'integer', RefCount: 'integer' } },
  },
};

export const execInspect: Rule = {
  fields: {
    ID: 'id',
    Running: 'boolean',
    ExitCode: { nullable: 'integer' },
    ProcessConfig: {
      fields: {
        tty: 'boolean',
        entrypoint: 'text',
        arguments: strings,
        'privileged?': 'boolean',
        'user?': 'string',
      },
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

const cpu: Rule = {
  fields: {
    cpu_usage: {
      fields: { total_usage: 'integer', usage_in_kernelmode: 'integer', usage_in_usermode: 'integer' },
    },
    'system_cpu_usage?': 'integer',
    'online_cpus?': 'integer',
    throttling_data: { fields: { periods: 'integer', throttled_periods: 'integer', throttled_time: 'integer' } },
  },
};

export const stats: Rule = {
  fields: {
    id: 'id',
    name: 'text',
    read: 'time',
    preread: 'time',
    pids_stats: { fields: { 'current?': 'integer', 'limit?': 'integer' } },
    blkio_stats: { fields: { io_service_bytes_recursive: { nullable: { list: 'any' } } } },
    num_procs: 'integer',
    cpu_stats: cpu,
    precpu_stats: cpu,
    memory_stats: { fields: { usage: 'integer', limit: 'integer', stats: { map: 'integer' } } },
    'networks?': {
      map: {
        fields: {
          rx_bytes: 'integer',
          rx_packets: 'integer',
          rx_errors: 'integer',
          rx_dropped: 'integer',
          tx_bytes: 'integer',
          tx_packets: 'integer',
          tx_errors: 'integer',
          tx_dropped: 'integer',
        },
      },
    },
  },
};

export const top: Rule = { fields: { Titles: strings, Processes: { list: strings } } };

export const changes: Rule = { list: { fields: { Path: 'text', Kind: { oneOf: [0, 1, 2] } } } };

export const event: Rule = {
  fields: {
    Type: { oneOf: ['container', 'image', 'network', 'volume', 'daemon', 'builder'] },
    Action: 'text',
    Actor: { fields: { ID: 'string', Attributes: labels } },
    scope: { oneOf: ['local'] },
    time: 'integer',
    timeNano: 'number',
  },
};

export const version: Rule = {
  fields: {
    Platform: { fields: { Name: 'text' } },
    Components: { list: { fields: { Name: 'text', Version: 'text', 'Details?': labels } } },
    Version: 'text',
    ApiVersion: { oneOf: ['1.47'] },
    MinAPIVersion: { oneOf: ['1.41'] },
    GitCommit: 'string',
    GoVersion: 'string',
    Os: { oneOf: ['linux'] },
    Arch: 'text',
    KernelVersion: 'string',
    BuildTime: 'string',
  },
};

export const info: Rule = {
  fields: {
    ID: 'text',
    Containers: 'integer',
    ContainersRunning: 'integer',
    ContainersPaused: 'integer',
    ContainersStopped: 'integer',
    Images: 'integer',
    Driver: 'text',
    OperatingSystem: 'text',
    OSType: { oneOf: ['linux'] },
    Architecture: 'text',
    NCPU: 'integer',
    MemTotal: 'integer',
    Name: 'text',
    ServerVersion: 'text',
    'Swarm?': { fields: { LocalNodeState: { oneOf: ['inactive'] } } },
    'Warnings?': someStrings,
  },
};

export const usage: Rule = {
  fields: {
    LayersSize: 'integer',
    Images: { list: imageSummary },
    Containers: { list: containerSummary },
    Volumes: { list: volume },
    BuildCache: {
      list: { fields: { ID: 'text', Type: 'text', InUse: 'boolean', Shared: 'boolean', Size: 'integer' } },
    },
  },
};

export const created: Rule = { fields: { Id: 'id', Warnings: strings } };
export const committed: Rule = { fields: { Id: 'digest' } };
export const waited: Rule = { fields: { StatusCode: 'integer', 'Error?': { nullable: 'any' } } };
export const updated: Rule = { fields: { Warnings: someStrings } };
export const networkCreated: Rule = { fields: { Id: 'id', Warning: 'string' } };
