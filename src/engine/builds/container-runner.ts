import type { BuildMount, BuildRun, BuildRunner, BuildRunRequest } from '../../api/build';
import type { ContainerHost, ContainerHosts, ContainerMount, ContainerSpec } from '../../api/container-host';
import type { OciMount } from '../../api/oci-runtime';
import type { Operation } from '../../api/operation';
import { toHex } from '../../base/bytes';
import { throwIfAborted } from '../../base/errors';
import { pathDepth } from '../../base/path-depth';
import { streamOf } from '../../base/streams';
import { digestOf } from '../../formats/digest';
import { serializeTarEntry, tarEnd, tarPadding } from '../../formats/tar/tar-writer';
import { volumePath } from '../../runtime/container/host-paths';
import { extraHost } from '../containers/container-files';
import { buildConfig, buildHostname } from './build-config';

export interface ContainerRunnerOptions {
  readonly hosts: ContainerHosts;
  readonly randomBytes: (count: number) => Uint8Array;
  /** The address of who resolves names for the machine; absent or undefined: nobody. */
  readonly nameserver?: (host: ContainerHost) => string | undefined;
}

/**
 * Runs the processes of builds in containers of a host: each on the layers below and a writable layer of its own, which
 * is what it changed. What is mounted into it besides is put into a volume that goes with it. Its network is the host's
 * own, or none.
 */
export class ContainerRunner implements BuildRunner {
  readonly #hosts: ContainerHosts;
  readonly #randomBytes: (count: number) => Uint8Array;
  readonly #nameserver: (host: ContainerHost) => string | undefined;

  constructor({ hosts, randomBytes, nameserver = () => undefined }: ContainerRunnerOptions) {
    this.#nameserver = nameserver;
    this.#hosts = hosts;
    this.#randomBytes = randomBytes;
  }

  async run(request: BuildRunRequest, operation: Operation = {}): Promise<BuildRun> {
    const host = await this.#hosts.open(undefined, operation);
    const id = toHex(this.#randomBytes(32));
    const volume = `build-${id}`;
    const clear = (): Promise<void> => clearUp(host, id, request.mounts.some(isFilled) ? volume : undefined);
    try {
      const mounts = await prepareMounts(host, volume, request.mounts);
      throwIfAborted(operation.signal);
      const process = await host.run(
        specOf(id, request, mounts, networkFiles(this.#nameserver(host), request.limits?.extraHosts)),
        operation,
      );
      process.stdin.close().catch(() => undefined);
      const end = (): void => void host.kill(id, 'SIGKILL').catch(() => undefined);
      operation.signal?.addEventListener('abort', end, { once: true });
      return {
        name: id,
        stdout: process.stdout,
        stderr: process.stderr,
        exited: process.exited,
        changes: () => host.changesLayer(id),
        async dispose() {
          operation.signal?.removeEventListener('abort', end);
          end();
          // Its root can be taken away when nothing runs in it any more; one that has ended is not waited for.
          await process.exited.catch(() => undefined);
          await clear();
        },
      };
    } catch (error) {
      await clear();
      throw error;
    }
  }
}

async function clearUp(host: ContainerHost, id: string, volume: string | undefined): Promise<void> {
  await host.removeRoot(id).catch(() => undefined);
  if (volume !== undefined) await host.removeVolume(volume).catch(() => undefined);
}

function specOf(
  id: string,
  request: BuildRunRequest,
  prepared: readonly OciMount[],
  files: readonly ContainerMount[],
): ContainerSpec {
  const memory = request.mounts.flatMap((mount): readonly OciMount[] =>
    mount.kind === 'tmpfs'
      ? [{ destination: mount.target, type: 'tmpfs', source: 'tmpfs', options: tmpfsOptions(mount.size) }]
      : [],
  );
  // What is mounted on something that is mounted itself comes after it.
  const own = [...prepared, ...memory].sort((a, b) => pathDepth(a.destination) - pathDepth(b.destination));
  return {
    id,
    root: { layers: request.layers, writable: 'disk' },
    mounts: request.network === 'none' ? [] : files,
    nics: [],
    config: buildConfig(id, request, own),
    // The layer is read by the kernel that wrote it; of one that crashes there is none.
    volatile: true,
  };
}

/** What names are looked up by. */
function networkFiles(nameserver: string | undefined, extraHosts: readonly string[] = []): readonly ContainerMount[] {
  const named = extraHosts.map((entry) => `${extraHost(entry, nameserver)}\n`);
  const hosts = [`127.0.0.1\tlocalhost ${buildHostname}\n`, ...named].join('');
  const resolver = nameserver === undefined ? '' : `nameserver ${nameserver}\n`;
  return [
    { kind: 'file', text: hosts, target: '/etc/hosts' },
    { kind: 'file', text: resolver, target: '/etc/resolv.conf' },
  ];
}

function bind(source: string, destination: string, readOnly: boolean): OciMount {
  return { destination, type: 'bind', source, options: ['rbind', 'rprivate', readOnly ? 'ro' : 'rw'] };
}

function tmpfsOptions(size: number | undefined): readonly string[] {
  return ['nosuid', 'nodev', ...(size === undefined ? [] : [`size=${size}`])];
}

type FilledMount = Extract<BuildMount, { kind: 'tree' | 'file' }>;

/** What has to be brought to the host. */
function isFilled(mount: BuildMount): mount is FilledMount {
  return mount.kind === 'tree' || mount.kind === 'file';
}

async function prepareMounts(
  host: ContainerHost,
  volume: string,
  mounts: readonly BuildMount[],
): Promise<readonly OciMount[]> {
  const filled = mounts.filter(isFilled);
  if (filled.length > 0) await host.createVolume(volume);
  for (const [at, mount] of filled.entries()) await host.importVolume(volume, await tarOf(mount, String(at)));
  const placed = filled.map((mount, at) =>
    bind(`${volumePath(volume)}/${at}`, mount.target, mount.kind === 'file' || mount.readOnly),
  );
  const caches: OciMount[] = [];
  for (const mount of mounts) if (mount.kind === 'cache') caches.push(await prepareCache(host, mount));
  return [...placed, ...caches];
}

/** A cache is a volume by its id, which stays. */
async function prepareCache(host: ContainerHost, mount: Extract<BuildMount, { kind: 'cache' }>): Promise<OciMount> {
  const { id, target, readOnly, mode, uid, gid } = mount;
  const digest = await digestOf(new TextEncoder().encode(id));
  const volume = `build-cache-${digest.slice('sha256:'.length, 'sha256:'.length + 32)}`;
  await host.createVolume(volume);
  const root = serializeTarEntry({ ...plain, kind: 'directory', path: 'cache', mode, uid, gid, size: 0 });
  await host.importVolume(volume, streamOf(pieces([root, tarEnd])));
  return bind(`${volumePath(volume)}/cache`, target, readOnly);
}

const plain = { target: '', mtime: 0, device: { major: 0, minor: 0 } };

async function tarOf(mount: FilledMount, name: string): Promise<ReadableStream<Uint8Array>> {
  if (mount.kind === 'tree') return mount.open(name);
  const { bytes, mode, uid, gid } = mount;
  const header = serializeTarEntry({ ...plain, kind: 'file', path: name, mode, uid, gid, size: bytes.length });
  return streamOf(pieces([header, bytes, tarPadding(bytes.length), tarEnd]));
}

async function* pieces(parts: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  for (const part of parts) if (part.length > 0) yield part;
}
