import type { MachineConfig, MachineImageSource, SnapshotConfig } from '../api/machine';
import { decodeBase64 } from '../base/base64';
import { SandboxError, toSandboxError } from '../base/errors';
import { annotations, type Descriptor } from '../formats/oci';
import { parseSnapshotConfig, storedForm } from '../formats/oci-parse';
import type { ArtifactLoader } from './store-client';

/** Names of what a guest boots, in the registry; `images/` puts them there. */
const references = {
  kernel: 'strata/kernel:6.1',
  firmware: 'strata/firmware:1',
  initrd: 'strata/initrd:container-host',
  imageRoot: 'strata/image-root:1',
} as const;

const firmwareTitles = { bios: 'bios.bin', vgaBios: 'vgabios-stdvga.bin' } as const;

/** Kernels, firmware and snapshots from the registry. */
export function createMachineImages(loader: ArtifactLoader): MachineImageSource {
  const snapshotConfig = async (config: MachineConfig): Promise<SnapshotConfig | undefined> => {
    const reference = snapshotReference(config);
    if (reference === undefined) return undefined;
    try {
      return parseSnapshotConfig(new Uint8Array(await loader.load({ reference, part: 'config' })));
    } catch (thrown) {
      if (toSandboxError(thrown).code === 'NotFound') return undefined;
      throw thrown;
    }
  };
  const firstLayer = async (reference: string): Promise<Descriptor> => {
    const [layer] = (await loader.resolve(reference)).manifest.layers;
    if (!layer) throw new SandboxError('DataLoss', `The artifact ${reference} has no layers: build the images again`);
    return layer;
  };
  const firmwarePart = async (title: string): Promise<Descriptor> => {
    const { layers } = (await loader.resolve(references.firmware)).manifest;
    const part = layers.find((layer) => layer.annotations?.[annotations.title] === title);
    if (part) return part;
    throw new SandboxError('DataLoss', `The artifact ${references.firmware} has no ${title}: build the images again`);
  };

  return {
    describeSnapshot: snapshotConfig,
    async describeBoot({ containerHost, firmware }) {
      if (firmware) return { kernel: storedForm(await firmwarePart(firmwareTitles.bios)).digest };
      const kernel = storedForm(await firstLayer(references.kernel)).digest;
      return containerHost ? { kernel, initrd: storedForm(await firstLayer(references.initrd)).digest } : { kernel };
    },
    async loadSnapshot(config, operation) {
      const reference = snapshotReference(config);
      const described = await snapshotConfig(config);
      if (reference === undefined || !described) {
        throw new SandboxError(
          'NotFound',
          `No snapshot for a machine of ${config.memoryMiB} MiB: it boots cold instead`,
        );
      }
      const { digest } = storedForm(await firstLayer(reference));
      const bytes = await loader.load({ reference, part: 0 }, operation);
      return { kind: 'state', layers: [{ digest, bytes }], console: decodeBase64(described.console) };
    },
    loadRootProgram: (operation) => loader.load({ reference: references.imageRoot, part: 0 }, operation),
    async loadBoot({ containerHost, firmware }, operation) {
      const load = (reference: string, part: number | { readonly title: string }): Promise<ArrayBuffer> =>
        loader.load({ reference, part }, operation);
      const bios = await load(references.firmware, { title: firmwareTitles.bios });
      const vgaBios = await load(references.firmware, { title: firmwareTitles.vgaBios });
      if (firmware) return { kind: 'boot', bios, vgaBios };
      const kernel = await load(references.kernel, 0);
      if (!containerHost) return { kind: 'boot', bios, vgaBios, kernel };
      return { kind: 'boot', bios, vgaBios, kernel, initrd: await load(references.initrd, 0) };
    },
  };
}

/** Names of all that a machine of that shape starts from, whether it has a snapshot or boots cold. */
export function artifactsOf(config: MachineConfig): readonly string[] {
  const { kernel, firmware, initrd } = references;
  const snapshot = snapshotReference(config);
  return [...(snapshot === undefined ? [] : [snapshot]), kernel, firmware, ...(config.containerHost ? [initrd] : [])];
}

/** `strata/snapshot:vm-64`; machines with emulated devices have no snapshots. */
function snapshotReference({ memoryMiB, devices, containerHost }: MachineConfig): string | undefined {
  if (devices !== 'virtio') return undefined;
  return `strata/snapshot:${containerHost ? 'host' : 'vm'}-${memoryMiB}`;
}
