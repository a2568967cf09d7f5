import type { ContainerCreateBody, DeviceMapping, HealthConfig, HostConfig } from '../../../api/container';
import { parseByteSize } from '../../../formats/byte-size';
import { parsePorts } from '../../../formats/parse-ports';
import { type CommandIo, screenColumns } from '../../command-io';
import { labelsOf } from '../labels';
import type { ContainerFlags } from './container-flags';
import { readEnvironment, readLines } from './environment';
import { parseMount, parseTmpfs, parseVolumes } from './parse-mounts';
import { parseNetworking } from './parse-network';
import { parseUlimit } from './parse-ulimit';
import { parseRestartPolicy } from './restart-policy';

/** Which of its streams a container is joined to. */
export interface Attached {
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
}

/** Where nobody says: output and errors, and input when it is kept open. */
export function attachedStreams(flags: ContainerFlags, detached: boolean): Attached {
  const given = flags.attach.map((each) => each.toLowerCase());
  const odd = given.find((each) => !['stdin', 'stdout', 'stderr'].includes(each));
  if (odd !== undefined) {
    throw new Error(`invalid argument "${odd}" for "-a, --attach" flag: valid streams are STDIN, STDOUT and STDERR`);
  }
  if (detached) return { stdin: false, stdout: false, stderr: false };
  if (given.length === 0) return { stdin: flags.interactive, stdout: true, stderr: true };
  return { stdin: given.includes('stdin'), stdout: given.includes('stdout'), stderr: given.includes('stderr') };
}

/** The body of `POST /containers/create`: only what was asked for, so that the rest is the engine's to choose. */
export async function containerBody(
  image: string,
  command: readonly string[],
  flags: ContainerFlags,
  attached: Attached,
  io: CommandIo,
): Promise<ContainerCreateBody> {
  const { exposed, bindings } = parsePorts(flags.publish, flags.expose);
  const { binds, volumes } = parseVolumes(flags.volume, io.folder);
  const networking = parseNetworking(flags);
  const labels: string[] = [];
  for (const file of flags['label-file']) labels.push(...(await readLines(io, file)));
  const health = healthOf(flags);
  const body: ContainerCreateBody = {
    Image: image,
    ...(flags.hostname !== '' && { Hostname: flags.hostname }),
    ...(flags.domainname !== '' && { Domainname: flags.domainname }),
    ...(flags.user !== '' && { User: flags.user }),
    AttachStdin: attached.stdin,
    AttachStdout: attached.stdout,
    AttachStderr: attached.stderr,
    ...(Object.keys(exposed).length > 0 && { ExposedPorts: exposed }),
    Tty: flags.tty,
    OpenStdin: flags.interactive,
    StdinOnce: flags.interactive && attached.stdin,
    Env: await readEnvironment(flags.env, flags['env-file'], io),
    ...(command.length > 0 && { Cmd: command }),
    ...(health && { Healthcheck: health }),
    ...(Object.keys(volumes).length > 0 && { Volumes: volumes }),
    ...(flags.workdir !== '' && { WorkingDir: flags.workdir }),
    ...entrypointOf(flags),
    Labels: labelsOf([...labels, ...flags.label]),
    ...(flags['stop-signal'] !== '' && { StopSignal: flags['stop-signal'] }),
    ...(flags['stop-timeout'] !== undefined && { StopTimeout: flags['stop-timeout'] }),
    HostConfig: {
      ...(await hostConfig(flags, io)),
      ...(binds.length > 0 && { Binds: binds }),
      ...(Object.keys(bindings).length > 0 && { PortBindings: bindings }),
      NetworkMode: networking.mode,
    },
    NetworkingConfig: { EndpointsConfig: networking.endpoints },
  };
  return body;
}

async function hostConfig(flags: ContainerFlags, io: CommandIo): Promise<HostConfig> {
  const size = flags.tty && io.terminal ? [io.terminal.size.rows, screenColumns(io)] : undefined;
  const restart = parseRestartPolicy(flags.restart);
  if (flags.rm && restart.Name !== 'no') throw new Error('conflicting options: cannot specify both --restart and --rm');
  const cgroupns = flags.cgroupns;
  if (cgroupns !== '' && cgroupns !== 'host' && cgroupns !== 'private') {
    throw new Error('--cgroupns: invalid CGROUP mode');
  }
  return {
    ...listed({
      CapAdd: flags['cap-add'],
      CapDrop: flags['cap-drop'],
      Dns: flags.dns,
      DnsOptions: flags['dns-option'],
      DnsSearch: flags['dns-search'],
      ExtraHosts: flags['add-host'].map((each) => each.replace(/^([^:=]*)=/, '$1:')),
      GroupAdd: flags['group-add'],
      Links: flags.link,
      VolumesFrom: flags['volumes-from'],
      DeviceCgroupRules: flags['device-cgroup-rule'],
      Devices: flags.device.map(parseDevice),
      Mounts: flags.mount.map((each) => parseMount(each, io.folder)),
      Ulimits: flags.ulimit.map(parseUlimit),
      BlkioDeviceReadBps: flags['device-read-bps'].map((each) => throttle(each, true)),
      BlkioDeviceWriteBps: flags['device-write-bps'].map((each) => throttle(each, true)),
      BlkioDeviceReadIOps: flags['device-read-iops'].map((each) => throttle(each, false)),
      BlkioDeviceWriteIOps: flags['device-write-iops'].map((each) => throttle(each, false)),
      SecurityOpt: await securityOptions(flags['security-opt'], io),
    }),
    ...named({
      Sysctls: flags.sysctl,
      Tmpfs: parseTmpfs(flags.tmpfs),
      Annotations: flags.annotation,
      StorageOpt: labelsOf(flags['storage-opt']),
    }),
    ...texts({
      IpcMode: flags.ipc,
      PidMode: flags.pid,
      UTSMode: flags.uts,
      UsernsMode: flags.userns,
      CgroupParent: flags['cgroup-parent'],
      CpusetCpus: flags['cpuset-cpus'],
      CpusetMems: flags['cpuset-mems'],
      Runtime: flags.runtime,
      VolumeDriver: flags['volume-driver'],
      ContainerIDFile: flags.cidfile,
    }),
    ...numbers({
      CpuPeriod: flags['cpu-period'],
      CpuQuota: flags['cpu-quota'],
      CpuRealtimePeriod: flags['cpu-rt-period'],
      CpuRealtimeRuntime: flags['cpu-rt-runtime'],
      CpuShares: flags['cpu-shares'],
      NanoCpus: flags.cpus,
      Memory: flags.memory,
      MemoryReservation: flags['memory-reservation'],
      MemorySwap: flags['memory-swap'],
      MemorySwappiness: flags['memory-swappiness'] === -1 ? undefined : flags['memory-swappiness'],
      BlkioWeight: flags['blkio-weight'],
      OomScoreAdj: flags['oom-score-adj'],
      PidsLimit: flags['pids-limit'],
      ShmSize: flags['shm-size'],
    }),
    ...(cgroupns !== '' && { CgroupnsMode: cgroupns }),
    ...(flags['log-driver'] !== '' || flags['log-opt'].length > 0
      ? { LogConfig: { Type: flags['log-driver'], Config: labelsOf(flags['log-opt']) } }
      : {}),
    RestartPolicy: restart,
    AutoRemove: flags.rm,
    Privileged: flags.privileged,
    PublishAllPorts: flags['publish-all'],
    ReadonlyRootfs: flags['read-only'],
    ...(flags.init && { Init: true }),
    ...(flags['oom-kill-disable'] && { OomKillDisable: true }),
    ...(size && { ConsoleSize: size }),
  };
}

/** Without what is empty. */
function listed<T extends Readonly<Record<string, readonly unknown[]>>>(given: T): Partial<T> {
  return kept(given, (each) => Array.isArray(each) && each.length > 0);
}

function named<T extends Readonly<Record<string, object>>>(given: T): Partial<T> {
  return kept(given, (each) => Object.keys(Object(each)).length > 0);
}

function texts<T extends Readonly<Record<string, string>>>(given: T): Partial<T> {
  return kept(given, (each) => each !== '');
}

function numbers<K extends string>(given: Readonly<Record<K, number | undefined>>): { readonly [N in K]?: number } {
  return kept(given, (each) => each !== undefined) as { readonly [N in K]?: number };
}

function kept<T extends object>(given: T, keep: (value: unknown) => boolean): Partial<T> {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => keep(value))) as Partial<T>;
}

function entrypointOf({ entrypoint }: ContainerFlags): Pick<ContainerCreateBody, 'Entrypoint'> {
  return entrypoint === '' ? {} : { Entrypoint: [entrypoint] };
}

function healthOf(flags: ContainerFlags): HealthConfig | undefined {
  const times = {
    Interval: flags['health-interval'],
    Timeout: flags['health-timeout'],
    Retries: flags['health-retries'],
    StartPeriod: flags['health-start-period'],
    StartInterval: flags['health-start-interval'],
  };
  const told = numbers(times);
  const command = flags['health-cmd'];
  if (flags['no-healthcheck']) {
    if (command !== '' || Object.keys(told).length > 0) {
      throw new Error('--no-healthcheck conflicts with --health-* options');
    }
    return { Test: ['NONE'] };
  }
  if (command === '' && Object.keys(told).length === 0) return undefined;
  return { ...(command !== '' && { Test: ['CMD-SHELL', command] }), ...told };
}

/** `HOST[:CONTAINER][:rwm]` */
function parseDevice(given: string): DeviceMapping {
  const [PathOnHost = '', second, third] = given.split(':');
  const permissions = /^[rwm]+$/;
  if (third === undefined && second !== undefined && permissions.test(second)) {
    return { PathOnHost, PathInContainer: PathOnHost, CgroupPermissions: second };
  }
  if (given === '' || given.split(':').length > 3) throw new Error(`invalid device specification: ${given}`);
  return { PathOnHost, PathInContainer: second ?? PathOnHost, CgroupPermissions: third ?? 'rwm' };
}

/** `PATH:RATE` */
function throttle(given: string, sized: boolean): { readonly Path: string; readonly Rate: number } {
  const [Path = '', rate, ...more] = given.split(':');
  if (rate === undefined || more.length > 0) throw new Error(`bad format: ${given}`);
  if (!Path.startsWith('/dev/')) throw new Error(`bad format for device path: ${given}`);
  return { Path, Rate: sized ? parseByteSize(rate) : Number(rate) };
}

/** A profile of seccomp is a file here and its text in the API. */
async function securityOptions(given: readonly string[], io: CommandIo): Promise<readonly string[]> {
  const options: string[] = [];
  for (const each of given) {
    const file = /^seccomp[=:](?!unconfined$|builtin$)(.+)$/.exec(each)?.[1];
    if (file === undefined) {
      options.push(each);
      continue;
    }
    const profile = await new Response(await io.files.read(file)).text();
    try {
      options.push(`seccomp=${JSON.stringify(JSON.parse(profile))}`);
    } catch {
      throw new Error(`compressing json for seccomp profile (${file}) failed: it is not JSON`);
    }
  }
  return options;
}
