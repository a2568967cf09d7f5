import { serializeStreamFrame } from '../../src/formats/docker-stream';
import type { Answers } from './docker-client';

const id = (digit: string): string => digit.repeat(64);
const image = `sha256:${id('b')}`;
const seconds = Math.floor(Date.now() / 1000);

const container = {
  Id: id('a'),
  Names: ['/web'],
  Image: 'busybox:latest',
  ImageID: image,
  Command: 'httpd -f -p 80 -h /srv/www/html',
  Created: seconds - 3700,
  Ports: [
    { IP: '0.0.0.0', PrivatePort: 80, PublicPort: 8080, Type: 'tcp' },
    { IP: '::', PrivatePort: 80, PublicPort: 8080, Type: 'tcp' },
    { PrivatePort: 443, Type: 'tcp' },
    { PrivatePort: 444, Type: 'tcp' },
    { IP: '0.0.0.0', PrivatePort: 9000, PublicPort: 9000, Type: 'tcp' },
    { IP: '0.0.0.0', PrivatePort: 9001, PublicPort: 9001, Type: 'tcp' },
    { IP: '0.0.0.0', PrivatePort: 53, PublicPort: 53, Type: 'udp' },
  ],
  SizeRw: 2_513_000,
  SizeRootFs: 4_821_333,
  Labels: { tier: 'front', app: 'shop' },
  State: 'running',
  Status: 'Up About an hour (healthy)',
  HostConfig: { NetworkMode: 'bridge' },
  NetworkSettings: { Networks: { bridge: { IPAddress: '172.17.0.2' } } },
  Mounts: [
    {
      Type: 'volume',
      Name: 'data-with-a-long-name',
      Source: '',
      Destination: '/data',
      Driver: 'local',
      Mode: '',
      RW: true,
      Propagation: '',
    },
    { Type: 'bind', Source: '/srv', Destination: '/srv', Mode: '', RW: true, Propagation: '' },
  ],
};

const stopped = {
  ...container,
  Id: id('c'),
  Names: ['/stopped', '/web/alias'],
  Image: image,
  Command: 'true',
  Created: seconds - 86_400 * 20,
  Ports: [],
  Labels: {},
  Mounts: [],
  State: 'exited',
  Status: 'Exited (0) 2 weeks ago',
  SizeRw: 0,
  SizeRootFs: 0,
};

const inspected = {
  Id: id('a'),
  Created: '2024-05-01T12:00:00.123456789Z',
  Path: 'httpd',
  Args: ['-f'],
  State: {
    Status: 'running',
    Running: true,
    Paused: false,
    Restarting: false,
    OOMKilled: false,
    Dead: false,
    Pid: 4711,
    ExitCode: 0,
    Error: '',
    StartedAt: '2024-05-01T12:00:01Z',
    FinishedAt: '0001-01-01T00:00:00Z',
  },
  Image: image,
  ResolvConfPath: '',
  HostnamePath: '',
  HostsPath: '',
  LogPath: '',
  Name: '/web',
  RestartCount: 0,
  Driver: 'overlay2',
  Platform: 'linux',
  MountLabel: '',
  ProcessLabel: '',
  AppArmorProfile: '',
  ExecIDs: null,
  HostConfig: { NetworkMode: 'bridge' },
  GraphDriver: { Data: null, Name: 'overlay2' },
  Mounts: [],
  Config: {
    Hostname: 'aaaaaaaaaaaa',
    Env: ['PATH=/bin', 'A=b c'],
    Cmd: ['httpd', '-f'],
    Image: 'busybox',
    Labels: { tier: 'front', app: 'shop' },
    Tty: false,
  },
  NetworkSettings: {
    Ports: {
      '80/tcp': [
        { HostIp: '0.0.0.0', HostPort: '8080' },
        { HostIp: '::', HostPort: '8080' },
      ],
      '443/tcp': null,
    },
    Networks: { bridge: { IPAddress: '172.17.0.2', MacAddress: '02:42:ac:11:00:02' } },
  },
};

const images = [
  {
    Id: image,
    ParentId: '',
    RepoTags: ['busybox:1', 'busybox:latest'],
    RepoDigests: [`busybox@sha256:${id('d')}`],
    Created: seconds - 86_400 * 400,
    Size: 4_261_550,
    SharedSize: -1,
    Labels: null,
    Containers: -1,
  },
  {
    Id: `sha256:${id('e')}`,
    ParentId: '',
    RepoTags: null,
    RepoDigests: null,
    Created: seconds - 90,
    Size: 117_000_000,
    SharedSize: -1,
    Labels: { a: 'b' },
    Containers: -1,
  },
  {
    Id: `sha256:${id('f')}`,
    ParentId: '',
    RepoTags: [],
    RepoDigests: [`debian@sha256:${id('0')}`],
    Created: seconds - 86_400 * 3,
    Size: 999,
    SharedSize: -1,
    Labels: null,
    Containers: -1,
  },
];

const volume = {
  CreatedAt: '2024-05-01T12:00:00Z',
  Driver: 'local',
  Labels: { a: 'b' },
  Mountpoint: '/var/lib/docker/volumes/data/_data',
  Name: 'data',
  Options: null,
  Scope: 'local',
};

const network = {
  Name: 'lab',
  Id: id('1'),
  Created: '2024-05-01T12:00:00Z',
  Scope: 'local',
  Driver: 'bridge',
  EnableIPv4: true,
  EnableIPv6: false,
  IPAM: { Driver: 'default', Options: null, Config: [{ Subnet: '10.9.0.0/24', Gateway: '10.9.0.1' }] },
  Internal: false,
  Attachable: false,
  Ingress: false,
  ConfigFrom: { Network: '' },
  ConfigOnly: false,
  Containers: {},
  Options: {},
  Labels: { z: '1' },
};

const cpu = (total: number, system: number) => ({
  cpu_usage: { total_usage: total, usage_in_kernelmode: 0, usage_in_usermode: total },
  system_cpu_usage: system,
  online_cpus: 2,
  throttling_data: { periods: 0, throttled_periods: 0, throttled_time: 0 },
});

const stats = {
  read: '2024-05-01T12:00:01Z',
  preread: '2024-05-01T12:00:00Z',
  pids_stats: { current: 7 },
  blkio_stats: {
    io_service_bytes_recursive: [
      { major: 8, minor: 0, op: 'read', value: 1_536_000 },
      { major: 8, minor: 0, op: 'write', value: 4096 },
    ],
  },
  num_procs: 0,
  storage_stats: {},
  cpu_stats: cpu(2_000_000_000, 10_000_000_000),
  precpu_stats: cpu(1_000_000_000, 9_000_000_000),
  memory_stats: { usage: 50_000_000, limit: 512 * 1024 * 1024, stats: { inactive_file: 10_000_000 } },
  name: '/web',
  id: id('a'),
  networks: {
    eth0: {
      rx_bytes: 1_234_567,
      tx_bytes: 89,
      rx_packets: 1,
      tx_packets: 1,
      rx_errors: 0,
      tx_errors: 0,
      rx_dropped: 0,
      tx_dropped: 0,
    },
  },
};

const lines = (messages: readonly object[]): string => messages.map((each) => `${JSON.stringify(each)}\r\n`).join('');

const event = (Action: string, at: number) => ({
  Type: 'container',
  Action,
  Actor: { ID: id('a'), Attributes: { name: 'web', image: 'busybox' } },
  scope: 'local',
  time: 1_700_000_000 + at,
  timeNano: (1_700_000_000 + at) * 1e9,
});

const failure = (message: string, status = 400) => ({ status, body: { message } });
const done = { status: 204 };
const log = [
  serializeStreamFrame({ source: 'stdout', bytes: new TextEncoder().encode('to output\n') }),
  serializeStreamFrame({ source: 'stderr', bytes: new TextEncoder().encode('to errors\n') }),
];
const frames = new TextDecoder('latin1').decode(Uint8Array.from(log.flatMap((each) => [...each])));

/** What an engine with a few containers, images, volumes and networks says; as moby 28 says it. */
export function engineAnswers(): Answers {
  const entry = { Created: seconds - 86_400 * 400, Tags: null, Comment: '' };
  const created = (name: string) => ({ status: 201, body: { Id: id(name), Warnings: [] } });
  return {
    'GET /version': { body: { Version: '28.2.2', ApiVersion: '1.47', MinAPIVersion: '1.24' } },
    'GET /info': { body: { ID: 'x', OSType: 'linux', IndexServerAddress: 'https://index.docker.io/v1/' } },
    'GET /containers/json': { body: [container, stopped] },
    'GET /containers/web/json': { body: inspected },
    [`GET /containers/${id('a')}/json`]: { body: inspected },
    'GET /containers/nothing/json': failure('No such container: nothing', 404),
    'GET /containers/stopped/json': {
      body: { ...inspected, State: { ...inspected.State, Status: 'exited', Running: false } },
    },
    'GET /containers/web/changes': {
      body: [
        { Kind: 0, Path: '/etc' },
        { Kind: 1, Path: '/etc/new' },
        { Kind: 2, Path: '/old' },
      ],
    },
    'GET /containers/web/top': {
      body: {
        Titles: ['UID', 'PID', 'CMD'],
        Processes: [
          ['root', '1', 'httpd -f'],
          ['root', '12345', 'sh'],
        ],
      },
    },
    'GET /containers/web/stats': { body: stats },
    [`GET /containers/${id('a')}/logs`]: {
      body: frames,
      headers: { 'Content-Type': 'application/vnd.docker.multiplexed-stream' },
    },
    ...Object.fromEntries(
      ['rename', 'kill', 'stop', 'restart', 'pause', 'unpause', 'start'].flatMap((verb) => [
        [`POST /containers/web/${verb}`, done],
        [`POST /containers/nothing/${verb}`, failure('No such container: nothing', 404)],
      ]),
    ),
    'POST /containers/web/wait': { body: { StatusCode: 3 } },
    'DELETE /containers/web': done,
    'DELETE /containers/nothing': failure('No such container: nothing', 404),
    'POST /containers/web/update': { body: { Warnings: ['a warning'] } },
    'POST /containers/prune': { body: { ContainersDeleted: [id('a')], SpaceReclaimed: 2_513_000 } },
    'POST /containers/create': created('9'),
    [`POST /containers/${id('9')}/start`]: done,
    [`POST /containers/${id('9')}/wait`]: { body: { StatusCode: 0 } },
    'POST /containers/web/exec': { status: 201, body: { Id: id('8') } },
    'POST /containers/nothing/exec': failure('No such container: nothing', 404),
    [`POST /exec/${id('8')}/start`]: { body: '' },
    [`GET /exec/${id('8')}/json`]: { body: { ID: id('8'), Running: false, ExitCode: 0, Pid: 1 } },
    'GET /images/json': { body: images },
    'GET /images/busybox/json': { body: { Id: image, RepoTags: ['busybox:latest'], Os: 'linux', Size: 4_261_550 } },
    'GET /images/nothing/json': failure('No such image: nothing:latest', 404),
    'GET /images/busybox/history': {
      body: [
        { ...entry, Id: image, CreatedBy: '/bin/sh -c #(nop)  CMD ["sh"] and more than fits in the column', Size: 0 },
        { ...entry, Id: '<missing>', CreatedBy: '/bin/sh -c #(nop) ADD file in /', Size: 4_261_550, Comment: 'base' },
      ],
    },
    'POST /images/busybox/tag': { status: 201 },
    'DELETE /images/busybox': { body: [{ Untagged: 'busybox:latest' }, { Deleted: image }] },
    'DELETE /images/nothing': failure('No such image: nothing:latest', 404),
    'POST /images/prune': { body: { ImagesDeleted: [{ Untagged: 'a:1' }, { Deleted: image }], SpaceReclaimed: 1000 } },
    'POST /images/create': {
      body: lines([
        { status: 'Pulling from library/busybox', id: 'latest' },
        { status: 'Pulling fs layer', progressDetail: {}, id: 'aaaa' },
        { status: 'Downloading', progressDetail: { current: 100, total: 2000 }, progress: '[==>    ]', id: 'aaaa' },
        { status: 'Pull complete', progressDetail: {}, id: 'aaaa' },
        { status: `Digest: sha256:${id('d')}` },
        { status: 'Status: Downloaded newer image for busybox:latest' },
      ]),
    },
    'POST /images/docker.io/you/box/push': {
      body: lines([
        { status: 'The push refers to repository [docker.io/you/box]' },
        { status: 'Preparing', progressDetail: {}, id: 'aaaa' },
        { status: 'Pushed', progressDetail: {}, id: 'aaaa' },
        { status: `1: digest: sha256:${id('d')} size: 527` },
        { progressDetail: {}, aux: { Tag: '1', Digest: `sha256:${id('d')}`, Size: 527 } },
      ]),
    },
    'POST /commit': { status: 201, body: { Id: image } },
    'GET /volumes': { body: { Volumes: [volume, { ...volume, Name: 'another', Labels: null }], Warnings: null } },
    'GET /volumes/data': { body: volume },
    'GET /volumes/nothing': failure('get nothing: no such volume', 404),
    'POST /volumes/create': { status: 201, body: volume },
    'DELETE /volumes/data': done,
    'DELETE /volumes/nothing': failure('get nothing: no such volume', 404),
    'POST /volumes/prune': { body: { VolumesDeleted: ['data'], SpaceReclaimed: 512 } },
    'GET /networks': { body: [network, { ...network, Name: 'bridge', Id: id('2'), Labels: {} }] },
    'GET /networks/lab': { body: network },
    'GET /networks/nothing': failure('network nothing not found', 404),
    'POST /networks/create': { status: 201, body: { Id: id('1'), Warning: '' } },
    'POST /networks/lab/connect': { status: 200 },
    'POST /networks/lab/disconnect': { status: 200 },
    'DELETE /networks/lab': done,
    'DELETE /networks/nothing': failure('network nothing not found', 404),
    'POST /networks/prune': { body: { NetworksDeleted: ['lab'] } },
    'POST /build/prune': { body: { CachesDeleted: [], SpaceReclaimed: 0 } },
    'GET /system/df': {
      body: {
        LayersSize: 121_000_000,
        Images: [
          { ...images[0], SharedSize: 0, Containers: 1 },
          { ...images[1], SharedSize: 0, Containers: 0 },
        ],
        Containers: [container, stopped],
        Volumes: [
          { ...volume, UsageData: { Size: 4096, RefCount: 1 } },
          { ...volume, Name: 'b', UsageData: { Size: 100, RefCount: 0 } },
        ],
        BuildCache: [],
      },
    },
    'GET /events': { body: lines([event('create', 1), event('start', 2)]) },
  };
}
