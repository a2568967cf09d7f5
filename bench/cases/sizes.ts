import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { registryDir } from '../../scripts/lib/paths.mjs';
import { annotations, type Descriptor, type Index, type Manifest } from '../../src/formats/oci';
import { atMost, type Row } from '../row';

export async function snapshotSize(): Promise<readonly Row[]> {
  const small = await firstLayer('strata/snapshot:vm-64');
  const host = await firstLayer('strata/snapshot:host-128');
  const raw = Number(small.annotations?.[annotations.uncompressedSize]) / 1e6;
  return [
    {
      name: 'snapshot of a 64 MB VM, compressed',
      value: small.size / 1e6,
      unit: 'MB',
      goal: atMost(7, 6),
      peer: `uncompressed ${raw.toFixed(1)}`,
    },
    { name: 'snapshot of a 128 MB container host, compressed', value: host.size / 1e6, unit: 'MB' },
  ];
}

export async function kernelSize(): Promise<readonly Row[]> {
  const kernel = await firstLayer('strata/kernel:6.1');
  const bytes = Number(kernel.annotations?.[annotations.uncompressedSize]);
  const name = 'kernel with embedded initramfs (bzImage)';
  return [
    { name, value: bytes / 1e6, unit: 'MB', goal: atMost(8), peer: `over the wire ${(kernel.size / 1e6).toFixed(1)}` },
  ];
}

async function firstLayer(reference: string): Promise<Descriptor> {
  const index = await readJson<Index>('index.json');
  const entry = index.manifests.find((each) => each.annotations?.[annotations.refName] === reference);
  if (!entry) throw new Error(`public/registry has no ${reference}`);
  const manifest = await readJson<Manifest>(join('blobs/sha256', entry.digest.slice('sha256:'.length)));
  const [layer] = manifest.layers;
  if (!layer) throw new Error(`${reference} has no layers`);
  await stat(join(registryDir, 'blobs/sha256', layer.digest.slice('sha256:'.length)));
  return layer;
}

async function readJson<T>(path: string): Promise<T> {
  return JSON.parse(await readFile(join(registryDir, path), 'utf8')) as T;
}
