import { concatBytes } from '../../src/base/bytes';
import { SandboxError } from '../../src/base/errors';
import { annotations } from '../../src/formats/oci';
import { references } from '../artifacts';
import type { Firmware } from '../firmware/build';
import { serializeCpio } from '../lib/cpio';
import { FileTree } from '../lib/file-tree';
import { type OciLayout, readLayer, readManifest } from '../lib/oci-layout';

/** What the machines boot that snapshots are made of. */
export interface SnapshotInputs {
  readonly kernel: Uint8Array;
  /** Of a host of containers. */
  readonly initrd: Uint8Array;
  readonly firmware: Firmware;
  /** Of a host of containers, by their names. */
  readonly programs: ReadonlyMap<string, Uint8Array>;
}

/** As the layout has them by now. */
export function readSnapshotInputs(layout: OciLayout): SnapshotInputs {
  const parts = (reference: string): ReadonlyMap<string, Uint8Array> => {
    const found = layout.artifacts.get(reference);
    if (!found) throw new SandboxError('NotFound', `Snapshots are made of ${reference}, which is not built yet`);
    const { layers } = readManifest(layout.directory, found);
    return new Map(
      layers.map((layer) => [layer.annotations?.[annotations.title] ?? '', readLayer(layout.directory, layer)]),
    );
  };
  const part = (reference: string, title: string): Uint8Array => {
    const bytes = parts(reference).get(title);
    if (!bytes) throw new SandboxError('NotFound', `${reference} has no ${title}`);
    return bytes;
  };
  return {
    kernel: part(references.kernel, 'bzImage'),
    initrd: part(references.containerHostInitrd, 'initrd.cpio'),
    firmware: {
      bios: part(references.firmware, 'bios.bin'),
      vgaBios: part(references.firmware, 'vgabios-stdvga.bin'),
    },
    programs: parts(references.ociRuntime),
  };
}

/** A third archive over the host's: its programs, which a guest that boots from the page's artifacts is brought by the page. */
export function withPrograms({ initrd, programs }: SnapshotInputs): Uint8Array<ArrayBuffer> {
  const tree = new FileTree();
  for (const [name, bytes] of programs) tree.addFile(`bin/${name}`, bytes, 0o755);
  return concatBytes([initrd, serializeCpio(tree)]);
}
