import type { ContainerId, ContainerRoot } from '../../api/container-host';
import type { Digest } from '../../api/content-store';
import type { Operation } from '../../api/operation';
import { SandboxError, throwIfAborted } from '../../base/errors';
import { parseContainerRoot } from './container-root';
import type { HostAccess } from './host-access';
import { containerPaths } from './host-paths';
import { type HostGuest, readIfThere, runProgram } from './host-program';
import { mountPointsFile, parseMountPoints, serializeMountPoints } from './mount-points';
import type { FilesPlace } from './root-files';
import { ShiftedLayers } from './shifted-layers';

/** In a container's home: how its root is made, by which a later page finds it. */
const rootFile = 'root.json';

/** Whiteouts are devices, without a size. */
const sizeScript = `
[ ! -d "$1" ] || find "$1" ! -type d -exec stat -c '%i %s' {} + | awk '!seen[$1]++ { sum += $2 } END { printf "%.0f", sum }'
`;

export interface ContainerRootsOptions {
  readonly guest: HostGuest;
  readonly access: Pick<HostAccess, 'assertOpen' | 'call'>;
  /** Names for the layers of a root, the lowest first, by which the machine can walk to them from now on. */
  readonly offer: (layers: readonly Digest[]) => Promise<readonly string[]>;
}

/** A root that was made. */
interface KnownRoot {
  readonly root: ContainerRoot;
  /** Names of its layers, the lowest first. */
  readonly layers: readonly string[];
}

/** The roots of a host's containers, those of earlier pages among them, with what was mounted in each. */
export class ContainerRoots {
  readonly #options: ContainerRootsOptions;
  readonly #shifted: ShiftedLayers;
  readonly #known = new Map<ContainerId, KnownRoot>();
  /** Where something was mounted when the container last began. */
  readonly #mountPoints = new Map<ContainerId, readonly string[]>();

  constructor(options: ContainerRootsOptions) {
    this.#options = options;
    this.#shifted = new ShiftedLayers(options.guest);
  }

  /** Done twice it is done once. */
  async make(id: ContainerId, root: ContainerRoot, { signal }: Operation): Promise<void> {
    throwIfAborted(signal);
    const known = this.#known.get(id);
    if (known && JSON.stringify(known.root) === JSON.stringify(root)) return;
    const layers = await this.#layersOf(id, root);
    const { home, upper } = containerPaths(id, root.writable);
    if (root.firstId !== undefined) await this.#shifted.own(upper, root.firstId);
    await this.#options.access.call('bundle', { path: home, files: { [rootFile]: JSON.stringify(root) } });
    this.#known.set(id, { root, layers });
  }

  /** With all that was written there. `NotFound` for a container that has none here. */
  async remove(id: ContainerId): Promise<void> {
    const { access } = this.#options;
    access.assertOpen();
    // Its image may be gone by now.
    const { writable, firstId } = this.#known.get(id)?.root ?? (await this.#read(id));
    const { home, bundle, writes, upper, work } = containerPaths(id, writable);
    const paths = [bundle, ...(writable === 'tmpfs' ? [writes] : [upper, work])];
    await Promise.all(paths.map((path) => access.call('remove', { path })));
    // Last, with what says how it was made, so that a removal that was cut short is taken up again.
    await access.call('remove', { path: home });
    this.forget(id);
    // What cannot go now goes with the next of its kind.
    if (firstId !== undefined) await this.#shifted.release(id).catch(() => {});
  }

  /** Its directories are somebody else's to remove. */
  forget(id: ContainerId): void {
    this.#known.delete(id);
    this.#mountPoints.delete(id);
  }

  /** Bytes that the container has written. */
  /** As docker reckons: the sizes of files, each once, and nothing for directories. 0 for one that never ran. */
  async bytes(id: ContainerId): Promise<number> {
    const { writable } = (await this.#find(id)).root;
    this.#options.access.assertOpen();
    const argv = ['/bin/sh', '-c', sizeScript, 'size', containerPaths(id, writable).upper];
    const said = await runProgram(this.#options.guest, argv, 'What it has written cannot be reckoned');
    return Number.parseInt(new TextDecoder().decode(said), 10) || 0;
  }

  /** Where its files are as long as it does not run. */
  async placeOf(id: ContainerId): Promise<FilesPlace> {
    const { root, layers } = await this.#find(id);
    return { paths: containerPaths(id, root.writable), layers, pid: undefined, firstId: root.firstId };
  }

  /** They stay in what the container wrote when it has ended, and its bundle has gone with the memory of the host. */
  async noteMountPoints(id: ContainerId, paths: readonly string[]): Promise<void> {
    const text = serializeMountPoints(paths);
    const known = this.#mountPoints.get(id);
    if (known && serializeMountPoints(known) === text) return;
    await this.#options.access.call('bundle', { path: containerPaths(id).home, files: { [mountPointsFile]: text } });
    this.#mountPoints.set(id, paths);
  }

  /** They may be made before it begins, to look at it. */
  async addMountPoints(id: ContainerId, paths: readonly string[]): Promise<void> {
    const known = await this.mountPointsOf(id);
    if (paths.some((path) => !known.includes(path))) await this.noteMountPoints(id, [...new Set([...known, ...paths])]);
  }

  /** Where something was mounted when the container last began; nowhere for one that never did. */
  async mountPointsOf(id: ContainerId): Promise<readonly string[]> {
    const known = this.#mountPoints.get(id);
    if (known) return known;
    const file = `${containerPaths(id).home}/${mountPointsFile}`;
    const [text = ''] = await readIfThere(this.#options.guest, [file]);
    const found = parseMountPoints(text);
    this.#mountPoints.set(id, found);
    return found;
  }

  async #find(id: ContainerId): Promise<KnownRoot> {
    const known = this.#known.get(id);
    if (known) return known;
    this.#options.access.assertOpen();
    const root = await this.#read(id);
    const found = { root, layers: await this.#layersOf(id, root) };
    this.#known.set(id, found);
    return found;
  }

  /** What was written down of a container's root. `NotFound` for a container that has none here. */
  async #read(id: ContainerId): Promise<ContainerRoot> {
    const file = `${containerPaths(id).home}/${rootFile}`;
    const text = await runProgram(this.#options.guest, ['cat', file], 'No root').catch(() => undefined);
    const root = text && parseContainerRoot(new TextDecoder().decode(text));
    if (root) return root;
    throw new SandboxError('NotFound', `No such container: ${id}`);
  }

  async #layersOf(id: ContainerId, { layers, firstId }: ContainerRoot): Promise<readonly string[]> {
    const offered = await this.#options.offer(layers);
    return firstId === undefined
      ? offered
      : [...offered, await this.#shifted.prepare(id, offered, { layers, firstId })];
  }
}
