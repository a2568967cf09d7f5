import type { ContainerId, ContainerRoot } from '../../api/container-host';
import { digestHex, digestOf } from '../../formats/digest';
import { parseContainerRoot } from './container-root';
import { diskDirectory, emptyDirectory, layersDirectory } from './host-paths';
import { type HostGuest, runProgram } from './host-program';

/** A root whose users have ids from there on. */
export interface ShiftedRoot extends Pick<ContainerRoot, 'layers'> {
  readonly firstId: number;
}

/** Where such layers are, each in a directory that is named after what it shifts. */
const shiftedDirectory = `${diskDirectory}/shifted`;

/**
 * In a mount namespace of its own: `$1` options of the mount, `$2` the number that is added to every id, `$3` the directory.
 * Done again after it was ended on the way, it goes on where it was.
 */
const script = `
set -e
[ ! -e "$3/done" ] || exit 0
mkdir -p "$3/upper" "$3/work" /run/strata/look
cd ${layersDirectory}
mount -t overlay -o "$1" overlay /run/strata/look
strata-oci shift /run/strata/look "$2"
: > "$3/done"
`;

/** What is known of the roots of all containers, a line each, and the names of the layers that there are. */
const listScript = `
cd ${diskDirectory}
for file in containers/*/root.json; do [ ! -e "$file" ] || { cat "$file"; echo; }; done
for layer in shifted/*; do [ ! -e "$layer" ] || echo "\${layer#shifted/}"; done
`;

/**
 * Layers that give every file of the layers below another owner: the root of a user namespace has to own what the image
 * says that root owns. Linux 6.1 maps owners neither of overlays nor of 9P. Contents are not copied (overlayfs, metadata
 * only copy up), and all containers of the same layers share it, until the last of them is removed.
 */
export class ShiftedLayers {
  readonly #guest: HostGuest;
  /** By the names of their directories. */
  readonly #made = new Map<string, Promise<string>>();
  /** Those that containers need for which this page has asked, whether that is written down by now or not. */
  readonly #needed = new Map<ContainerId, string>();
  /** The last of the removals, which follow one another; never rejects. */
  #removing: Promise<unknown> = Promise.resolve();

  constructor(guest: HostGuest) {
    this.#guest = guest;
  }

  /** The directory of such a layer for a container, above those of its root, which have these names for the host. */
  async prepare(user: ContainerId, names: readonly string[], root: ShiftedRoot): Promise<string> {
    const name = await nameOf(root);
    this.#needed.set(user, name);
    // One that is being taken away is made again after that; from now on none is that this container needs.
    await this.#removing;
    const known = this.#made.get(name) ?? this.#make(name, names, root.firstId);
    this.#made.set(name, known);
    known.catch(() => this.#made.delete(name));
    return known;
  }

  /** A container is gone, and with it goes what none on this host needs any more. */
  release(user: ContainerId): Promise<void> {
    this.#needed.delete(user);
    const removal = this.#removing.then(() => this.#removeUnneeded());
    this.#removing = removal.catch(() => {});
    return removal;
  }

  /** Makes a directory that is the container's own root's, since an overlay's root belongs to whom its upper directory does. */
  async own(directory: string, firstId: number): Promise<void> {
    const owner = `${firstId}:${firstId}`;
    const argv = ['/bin/sh', '-c', 'mkdir -p "$1" && chown "$2" "$1"', 'strata-own', directory, owner];
    await runProgram(this.#guest, argv, `Cannot make ${directory}`);
  }

  async #make(name: string, names: readonly string[], firstId: number): Promise<string> {
    const directory = `${shiftedDirectory}/${name}`;
    const lower = names.length > 0 ? [...names].reverse().join(':') : emptyDirectory;
    const options = `lowerdir=${lower},upperdir=${directory}/upper,workdir=${directory}/work,metacopy=on`;
    const argv = ['unshare', '-m', '/bin/sh', '-c', script, 'strata-shift', options, String(firstId), directory];
    await runProgram(this.#guest, argv, 'Cannot map the owners of the image');
    return `${directory}/upper`;
  }

  /** Containers of an earlier page are known by what it has written down of their roots. */
  async #removeUnneeded(): Promise<void> {
    const listed = await runProgram(this.#guest, ['/bin/sh', '-c', listScript], 'Cannot list the roots of containers');
    const lines = new TextDecoder().decode(listed).split('\n').filter(Boolean);
    const roots = lines.filter((line) => !namePattern.test(line)).map(parseContainerRoot);
    const written: string[] = [];
    for (const root of roots) {
      // One that was cut short may need any of them.
      if (!root) return;
      const { layers, firstId } = root;
      if (firstId !== undefined) written.push(await nameOf({ layers, firstId }));
    }
    const needed = new Set([...written, ...this.#needed.values()]);
    const unneeded = lines.filter((line) => namePattern.test(line) && !needed.has(line));
    if (unneeded.length === 0) return;
    for (const name of unneeded) this.#made.delete(name);
    const paths = unneeded.map((name) => `${shiftedDirectory}/${name}`);
    await runProgram(this.#guest, ['rm', '-rf', ...paths], 'Cannot remove owners of images');
  }
}

const namePattern = /^[0-9a-f]{64}$/;

async function nameOf({ layers, firstId }: ShiftedRoot): Promise<string> {
  return digestHex(await digestOf(new TextEncoder().encode(`${layers.join(' ')} ${firstId}`)));
}
