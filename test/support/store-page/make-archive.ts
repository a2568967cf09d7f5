import type { Digest } from '../../../src/api/content-store';
import { createSeededRandom } from '../../../src/base/seeded-random';
import { createDigester, digestHex, digestOf } from '../../../src/formats/digest';
import { emptyRunConfig, serializeImageConfig } from '../../../src/formats/image-config';
import { type Descriptor, mediaTypes } from '../../../src/formats/oci';
import { blobFolder } from '../../../src/formats/oci-archive';
import { serializeTarEntry, tarEnd, tarPadding } from '../../../src/formats/tar/tar-writer';

const mebibyte = 1024 * 1024;

interface Part {
  readonly descriptor: Descriptor;
  readonly bytes: Blob;
}

/** An OCI archive as a file that lies in no thread's memory, its index at the end. */
export async function makeArchive(layers: number, filesPerLayer: number): Promise<Blob> {
  const made: Part[] = [];
  for (let layer = 0; layer < layers; layer += 1) made.push(await makeLayer(layer, filesPerLayer));
  const config = await makeDocument(
    mediaTypes.config,
    serializeImageConfig({
      platform: { os: 'linux', architecture: '386' },
      run: emptyRunConfig,
      diffIds: made.map(({ descriptor }) => descriptor.digest),
      history: [],
    }),
  );
  const layerList = made.map(({ descriptor }) => descriptor);
  const manifest = await makeDocument(
    mediaTypes.manifest,
    json({ schemaVersion: 2, mediaType: mediaTypes.manifest, config: config.descriptor, layers: layerList }),
  );
  const blobs = [...made, config, manifest].map(({ descriptor, bytes }) =>
    file(blobFolder + digestHex(descriptor.digest), bytes),
  );
  const index = file('index.json', new Blob([json({ schemaVersion: 2, manifests: [manifest.descriptor] })]));
  const layout = file('oci-layout', new Blob(['{"imageLayoutVersion":"1.0.0"}']));
  return new Blob([...blobs, index, layout, tarEnd].flat());
}

async function makeLayer(layer: number, files: number): Promise<Part> {
  const digester = await createDigester();
  const parts: Blob[] = [];
  let size = 0;
  for (let at = 0; at < files; at += 1) {
    const body = createSeededRandom(layer * 1000 + at).bytes(mebibyte);
    for (const bytes of [header(`file-${at}`, mebibyte), body]) {
      digester.update(bytes);
      size += bytes.length;
      parts.push(new Blob([bytes]));
    }
  }
  digester.update(tarEnd);
  parts.push(new Blob([tarEnd]));
  return { descriptor: describe(mediaTypes.layer, digester.digest(), size + tarEnd.length), bytes: new Blob(parts) };
}

async function makeDocument(mediaType: string, bytes: Uint8Array<ArrayBuffer>): Promise<Part> {
  return { descriptor: describe(mediaType, await digestOf(bytes), bytes.length), bytes: new Blob([bytes]) };
}

function describe(mediaType: string, digest: Digest, size: number): Descriptor {
  return { mediaType, digest, size };
}

function file(path: string, bytes: Blob): readonly BlobPart[] {
  return [header(path, bytes.size), bytes, tarPadding(bytes.size)];
}

function header(path: string, size: number): Uint8Array<ArrayBuffer> {
  const device = { major: 0, minor: 0 };
  return serializeTarEntry({ kind: 'file', path, target: '', mode: 0o644, uid: 0, gid: 0, mtime: 0, size, device });
}

function json(value: unknown): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(JSON.stringify(value));
}
