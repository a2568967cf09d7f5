import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { decompress } from 'fzstd';
import type { Digest } from '../../src/api/content-store';
import { annotations, type Descriptor, type Index, type Manifest, mediaTypes } from '../../src/formats/oci';
import { canonicalJson } from './canonical-json';
import { digestOf } from './digest';
import { compressZstd } from './zstd';

/** What an artifact is made of: its blobs are in the layout already. */
export interface Artifact {
  /** Absent for a container image, which its config tells from others. */
  readonly artifactType?: string;
  readonly config?: Descriptor;
  readonly layers: readonly Descriptor[];
  readonly annotations?: Readonly<Record<string, string>>;
}

/** Writes a directory in the form of the OCI image layout (image-spec, image-layout.md). */
export class OciLayout {
  readonly directory: string;
  readonly #manifests = new Map<string, Descriptor>();

  constructor(directory: string) {
    this.directory = directory;
    mkdirSync(this.#blobDirectory, { recursive: true });
  }

  putBlob(mediaType: string, bytes: Uint8Array | string, notes: Readonly<Record<string, string>> = {}): Descriptor {
    const content = Buffer.from(bytes);
    const digest = digestOf(content);
    const path = join(this.directory, blobPath(digest));
    if (!existsSync(path)) writeFileSync(path, content);
    const descriptor = { mediaType, digest, size: content.length };
    return Object.keys(notes).length > 0 ? { ...descriptor, annotations: notes } : descriptor;
  }

  /** A layer that is stored compressed, and says what comes out of it. */
  putCompressed(mediaType: string, title: string, bytes: Uint8Array): Descriptor {
    return this.putBlob(mediaType, compressZstd(bytes), {
      [annotations.title]: title,
      [annotations.uncompressedDigest]: digestOf(bytes),
      [annotations.uncompressedSize]: String(bytes.length),
    });
  }

  putArtifact(reference: string, artifact: Artifact): Digest {
    const type = artifact.artifactType === undefined ? {} : { artifactType: artifact.artifactType };
    const manifest: Manifest = {
      schemaVersion: 2,
      mediaType: mediaTypes.manifest,
      ...type,
      config: artifact.config ?? this.putBlob(mediaTypes.emptyConfig, '{}'),
      layers: artifact.layers,
      ...(artifact.annotations && { annotations: artifact.annotations }),
    };
    const descriptor = this.putBlob(mediaTypes.manifest, canonicalJson(manifest), { [annotations.refName]: reference });
    this.#manifests.set(reference, { ...descriptor, ...type });
    return descriptor.digest;
  }

  /** Keeps an artifact of the layout as it was found. */
  keepArtifact(reference: string, descriptor: Descriptor): void {
    this.#manifests.set(reference, descriptor);
  }

  /** What was put or kept so far, by reference. */
  get artifacts(): ReadonlyMap<string, Descriptor> {
    return this.#manifests;
  }

  /** Writes the index over what was put or kept, and removes every blob that is not part of it. */
  finish(): void {
    const byReference = [...this.#manifests].sort(([a], [b]) => (a < b ? -1 : 1));
    const manifests = byReference.map(([, descriptor]) => descriptor);
    const index: Index = { schemaVersion: 2, mediaType: mediaTypes.index, manifests };
    writeFileSync(join(this.directory, 'oci-layout'), canonicalJson({ imageLayoutVersion: '1.0.0' }));
    writeFileSync(join(this.directory, 'index.json'), canonicalJson(index));
    const wanted = new Set(manifests.flatMap((descriptor) => this.#digestsOf(descriptor)));
    for (const name of readdirSync(this.#blobDirectory)) {
      if (!wanted.has(`sha256:${name}`)) rmSync(join(this.#blobDirectory, name));
    }
  }

  get #blobDirectory(): string {
    return join(this.directory, 'blobs/sha256');
  }

  #digestsOf(descriptor: Descriptor): readonly Digest[] {
    const manifest = readManifest(this.directory, descriptor);
    return [descriptor.digest, manifest.config.digest, ...manifest.layers.map((layer) => layer.digest)];
  }
}

/** The artifacts of a layout by reference; none when there is no layout. */
export function readReferences(directory: string): ReadonlyMap<string, Descriptor> {
  const path = join(directory, 'index.json');
  if (!existsSync(path)) return new Map();
  const index = JSON.parse(readFileSync(path, 'utf8')) as Index;
  return new Map(
    index.manifests.map((descriptor) => [descriptor.annotations?.[annotations.refName] ?? '', descriptor]),
  );
}

export function readManifest(directory: string, { digest }: Descriptor): Manifest {
  return JSON.parse(readFileSync(join(directory, blobPath(digest)), 'utf8')) as Manifest;
}

export function readBlob(directory: string, { digest }: Descriptor): Buffer {
  return readFileSync(join(directory, blobPath(digest)));
}

/** What is in a layer, compressed or not. */
export function readLayer(directory: string, layer: Descriptor): Uint8Array<ArrayBuffer> {
  const bytes = readBlob(directory, layer);
  return layer.annotations?.[annotations.uncompressedDigest] === undefined
    ? Uint8Array.from(bytes)
    : Uint8Array.from(decompress(bytes));
}

/** Makes `target` an exact copy of a finished layout. */
export function copyLayout(source: string, target: string): void {
  rmSync(target, { recursive: true, force: true });
  cpSync(source, target, { recursive: true });
}

function blobPath(digest: Digest): string {
  return `blobs/sha256/${digest.slice('sha256:'.length)}`;
}
