import { beforeEach, describe, expect, it } from 'vitest';
import type { MachineConfig } from '../api/machine';
import { digestHex, digestOf } from '../formats/digest';
import { annotations, type Descriptor, mediaTypes } from '../formats/oci';
import { connect, expose } from '../rpc/control';
import { createMemoryContentStore } from '../storage/open-content-store';
import { StoreService } from '../storage/store-service';
import { createMachineImages } from './machine-images';
import { type ArtifactLoader, createStoreClient } from './store-client';

const baseUrl = 'layout://registry/';
const vm64: MachineConfig = { memoryMiB: 64, devices: 'virtio', containerHost: false };
const bytesOf = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text);

/** A registry in memory, read by the real store service through a real port. */
class Registry {
  readonly files = new Map<string, Uint8Array<ArrayBuffer>>();
  readonly #manifests: Descriptor[] = [];

  async blob(mediaType: string, bytes: Uint8Array<ArrayBuffer>, title = ''): Promise<Descriptor> {
    const digest = await digestOf(bytes);
    this.files.set(`${baseUrl}blobs/sha256/${digestHex(digest)}`, bytes);
    return { mediaType, digest, size: bytes.length, annotations: { [annotations.title]: title } };
  }

  async artifact(reference: string, config: Descriptor, layers: readonly Descriptor[]): Promise<void> {
    const manifest = bytesOf(JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.manifest, config, layers }));
    const descriptor = await this.blob(mediaTypes.manifest, manifest);
    this.#manifests.push({ ...descriptor, annotations: { [annotations.refName]: reference } });
    const index = { schemaVersion: 2, mediaType: mediaTypes.index, manifests: this.#manifests };
    this.files.set(`${baseUrl}index.json`, bytesOf(JSON.stringify(index)));
  }

  async open(): Promise<ArtifactLoader> {
    const fetch = async (url: string): Promise<Response> => new Response(this.files.get(url) ?? null);
    const service = new StoreService({ open: async () => createMemoryContentStore(), fetch });
    await service.open(baseUrl);
    const { port1, port2 } = new MessageChannel();
    expose(service, port1);
    return createStoreClient(connect<StoreService>(port2).remote);
  }
}

describe('machine images from the registry', () => {
  let registry: Registry;
  let kernel: Descriptor;

  beforeEach(async () => {
    registry = new Registry();
    const empty = await registry.blob(mediaTypes.emptyConfig, bytesOf('{}'));
    // Media types without a suffix of ours: blobs that are kept as they travel.
    kernel = await registry.blob('application/octet-stream', bytesOf('kernel'), 'bzImage');
    await registry.artifact('strata/kernel:6.1', empty, [kernel]);
    const bios = await registry.blob(mediaTypes.firmwareLayer, bytesOf('bios'), 'bios.bin');
    const vga = await registry.blob(mediaTypes.firmwareLayer, bytesOf('vga'), 'vgabios-stdvga.bin');
    await registry.artifact('strata/firmware:1', empty, [vga, bios]);
    const config = await registry.blob(
      mediaTypes.snapshotConfig,
      bytesOf(
        JSON.stringify({
          formatVersion: 1,
          v86: '0.5.462',
          machine: vm64,
          kernel: kernel.digest,
          agentProtocol: 1,
          console: btoa('login'),
        }),
      ),
    );
    const state = await registry.blob('application/octet-stream', bytesOf('state'));
    await registry.artifact('strata/snapshot:vm-64', config, [state]);
  });

  it('has the snapshot of a configuration, with what its console had printed', async () => {
    const images = createMachineImages(await registry.open());
    expect(await images.describeSnapshot(vm64)).toMatchObject({ machine: vm64, kernel: kernel.digest });
    const image = await images.loadSnapshot(vm64);
    const [layer, ...others] = image.layers;
    expect(others).toEqual([]);
    expect(new TextDecoder().decode(layer?.bytes)).toBe('state');
    expect(layer?.digest).toBe(await digestOf(bytesOf('state')));
    expect(new TextDecoder().decode(image.console)).toBe('login');
  });

  it.each<[string, MachineConfig]>([
    ['another size', { ...vm64, memoryMiB: 32 }],
    ['a container host', { ...vm64, memoryMiB: 64, containerHost: true }],
    ['emulated devices', { ...vm64, devices: 'emulated' }],
  ])('has none for %s', async (_, config) => {
    const images = createMachineImages(await registry.open());
    expect(await images.describeSnapshot(config)).toBeUndefined();
    await expect(images.loadSnapshot(config)).rejects.toMatchObject({ code: 'NotFound' });
  });

  it('finds the firmware by its titles and the kernel for a cold boot', async () => {
    const images = createMachineImages(await registry.open());
    const image = await images.loadBoot(vm64);
    const texts = [image.bios, image.vgaBios, image.kernel].map((buffer) => new TextDecoder().decode(buffer));
    expect(texts).toEqual(['bios', 'vga', 'kernel']);
    expect(await images.describeBoot(vm64)).toEqual({ kernel: kernel.digest });
  });

  it('tells the progress and stops when it is canceled', async () => {
    const images = createMachineImages(await registry.open());
    const phases: string[] = [];
    await images.loadSnapshot(vm64, { onProgress: ({ phase }) => phases.push(phase) });
    expect(phases.length).toBeGreaterThan(0);
    await expect(images.loadSnapshot(vm64, { signal: AbortSignal.abort() })).rejects.toThrow();
  });
});
