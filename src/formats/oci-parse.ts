import type { Digest } from '../api/content-store';
import type { DriveKind } from '../api/disk';
import type { Platform } from '../api/image';
import type { FirmwareConfig, SnapshotConfig } from '../api/machine';
import { SandboxError } from '../base/errors';
import { isDigest } from './digest';
import { annotations, type Descriptor, type Index, type Manifest, mediaTypes } from './oci';

/**
 * Validating parse of the OCI documents we read. They come from outside: what does not have the shape is
 * refused with the path of the field, and nothing that was not asked for is carried on.
 * Errors: `InvalidArgument`.
 */

/** Bytes; a real index or manifest has a few kilobytes (the distribution API's own limit is 4 MiB). */
export const documentLimit = 4 * 1024 * 1024;
const listLimit = 10_000;

/** image-spec, image-index.md. */
export function parseIndex(bytes: Uint8Array): Index {
  const root = readDocument(bytes, 'index');
  requireEqual(root['schemaVersion'], 2, 'index.schemaVersion');
  const mediaType = readMediaType(root, 'index', [mediaTypes.index, mediaTypes.dockerIndex]);
  requireAbsent(root, 'index', ['config', 'layers', 'fsLayers']);
  const found = readAnnotations(root['annotations'], 'index.annotations');
  return {
    schemaVersion: 2,
    mediaType,
    // docker 25 writes none as null, beside a list of its own.
    manifests: root['manifests'] === null ? [] : readList(root['manifests'], 'index.manifests', readDescriptor),
    ...(found === undefined ? {} : { annotations: found }),
  };
}

/** image-spec, manifest.md. */
export function parseManifest(bytes: Uint8Array): Manifest {
  const root = readDocument(bytes, 'manifest');
  requireEqual(root['schemaVersion'], 2, 'manifest.schemaVersion');
  const mediaType = readMediaType(root, 'manifest', [mediaTypes.manifest, mediaTypes.dockerManifest]);
  requireAbsent(root, 'manifest', ['manifests', 'fsLayers']);
  const artifactType = optionalString(root['artifactType'], 'manifest.artifactType');
  const found = readAnnotations(root['annotations'], 'manifest.annotations');
  return {
    schemaVersion: 2,
    mediaType,
    config: readDescriptor(root['config'], 'manifest.config'),
    layers: readList(root['layers'], 'manifest.layers', readDescriptor),
    ...(artifactType === undefined ? {} : { artifactType }),
    ...(found === undefined ? {} : { annotations: found }),
  };
}

/** Optional in the specification, where it is OCI's then; when it is there it must be one of these. */
function readMediaType<T extends string>(root: Fields, path: string, allowed: readonly [T, ...T[]]): T {
  const value = root['mediaType'];
  if (value === undefined) return allowed[0];
  const found = allowed.find((each) => each === value);
  if (found === undefined) throw refused(`${path}.mediaType`, allowed.map((each) => `"${each}"`).join(' or '), value);
  return found;
}

/** A document that is an image to one reader and an index to another is a trick (CVE-2021-41190). */
function requireAbsent(root: Fields, path: string, names: readonly string[]): void {
  for (const name of names) {
    if (root[name] !== undefined && root[name] !== null) throw refused(`${path}.${name}`, 'absent', root[name]);
  }
}

/** The config blob of a snapshot artifact. */
export function parseSnapshotConfig(bytes: Uint8Array): SnapshotConfig {
  return readSnapshotConfig(readDocument(bytes, 'snapshot'));
}

export function readSnapshotConfig(root: Fields): SnapshotConfig {
  requireEqual(root['formatVersion'], 1, 'snapshot.formatVersion');
  const machine = readRecord(root['machine'], 'snapshot.machine');
  const devices = machine['devices'];
  if (devices !== 'virtio' && devices !== 'emulated')
    throw refused('snapshot.machine.devices', '"virtio" or "emulated"', devices);
  const containerHost = machine['containerHost'];
  if (typeof containerHost !== 'boolean') throw refused('snapshot.machine.containerHost', 'a boolean', containerHost);
  return {
    formatVersion: 1,
    v86: readString(root['v86'], 'snapshot.v86'),
    machine: {
      memoryMiB: readCount(machine['memoryMiB'], 'snapshot.machine.memoryMiB'),
      devices,
      containerHost,
      ...(machine['nics'] === undefined ? {} : { nics: readCount(machine['nics'], 'snapshot.machine.nics') }),
      ...(machine['disks'] === undefined ? {} : { disks: readCount(machine['disks'], 'snapshot.machine.disks') }),
      ...(machine['firmware'] === undefined ? {} : { firmware: readFirmwareConfig(machine['firmware']) }),
      ...(machine['drives'] === undefined ? {} : { drives: readDrives(machine['drives'], 'snapshot.machine.drives') }),
      ...(machine['shares'] === undefined ? {} : { shares: readCount(machine['shares'], 'snapshot.machine.shares') }),
    },
    kernel: readDigest(root['kernel'], 'snapshot.kernel'),
    agentProtocol: readCount(root['agentProtocol'], 'snapshot.agentProtocol'),
    console: readString(root['console'], 'snapshot.console'),
    ...(root['initrd'] === undefined ? {} : { initrd: readDigest(root['initrd'], 'snapshot.initrd') }),
  };
}

function readFirmwareConfig(value: unknown): FirmwareConfig {
  const path = 'snapshot.machine.firmware';
  const fields = readRecord(value, path);
  return {
    boot: readList(fields['boot'], `${path}.boot`, readDrive),
    drives: readDrives(fields['drives'], `${path}.drives`),
  };
}

function readDrives(value: unknown, path: string): FirmwareConfig['drives'] {
  return readList(value, path, (item, at) => {
    const drive = readRecord(item, at);
    return {
      kind: readDrive(drive['kind'], `${at}.kind`),
      sizeBytes: readCount(drive['sizeBytes'], `${at}.sizeBytes`),
    };
  });
}

/** What a layer is kept as: its own bytes, or what its zstd frame holds. */
export interface StoredForm {
  readonly digest: Digest;
  /** Bytes. */
  readonly size: number;
  readonly compression: 'none' | 'zstd';
}

/**
 * The stored form of a blob. A layer of ours whose media type ends in `+zstd` is kept unpacked and must
 * announce digest and size of what comes out; any other blob is kept as it travels.
 */
export function storedForm(descriptor: Descriptor): StoredForm {
  const ours = /^application\/vnd\.strata\..*\+zstd$/.test(descriptor.mediaType);
  if (!ours) return { digest: descriptor.digest, size: descriptor.size, compression: 'none' };
  const announced = descriptor.annotations?.[annotations.uncompressedSize] ?? '';
  const size = /^\d+$/.test(announced) ? Number(announced) : Number.NaN;
  return {
    digest: readDigest(
      descriptor.annotations?.[annotations.uncompressedDigest],
      `annotation ${annotations.uncompressedDigest}`,
    ),
    size: readCount(size, `annotation ${annotations.uncompressedSize}`),
    compression: 'zstd',
  };
}

/** An object of which nothing is known yet. */
export type Fields = Readonly<Record<string, unknown>>;

export function readDocument(bytes: Uint8Array, path: string): Fields {
  return readRecord(readJson(bytes, path), path);
}

/** What stands in a document, whatever it is. */
export function readJson(bytes: Uint8Array, path: string): unknown {
  if (bytes.length > documentLimit) throw refused(path, `at most ${documentLimit} bytes`, bytes.length);
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
    return value;
  } catch (cause) {
    throw new SandboxError('InvalidArgument', `Invalid document: ${path} is not JSON`, { cause });
  }
}

function readDescriptor(value: unknown, path: string): Descriptor {
  const fields = readRecord(value, path);
  const artifactType = optionalString(fields['artifactType'], `${path}.artifactType`);
  const found = readAnnotations(fields['annotations'], `${path}.annotations`);
  const platform = fields['platform'];
  return {
    mediaType: readString(fields['mediaType'], `${path}.mediaType`),
    digest: readDigest(fields['digest'], `${path}.digest`),
    size: readCount(fields['size'], `${path}.size`),
    ...(artifactType === undefined ? {} : { artifactType }),
    ...(found === undefined ? {} : { annotations: found }),
    // docker writes a platform without a value for what is not an image.
    ...(platform === undefined || platform === null ? {} : { platform: readPlatform(platform, `${path}.platform`) }),
  };
}

export function readPlatform(value: unknown, path: string): Platform {
  const fields = readRecord(value, path);
  const variant = optionalString(fields['variant'], `${path}.variant`);
  return {
    os: readString(fields['os'], `${path}.os`),
    architecture: readString(fields['architecture'], `${path}.architecture`),
    ...(variant === undefined || variant === '' ? {} : { variant }),
  };
}

export function readAnnotations(value: unknown, path: string): Readonly<Record<string, string>> | undefined {
  if (value === undefined) return undefined;
  const entries = Object.entries(readRecord(value, path));
  if (entries.length > listLimit) throw refused(path, `at most ${listLimit} entries`, entries.length);
  return Object.fromEntries(entries.map(([key, text]) => [key, readString(text, `${path}[${JSON.stringify(key)}]`)]));
}

export function readList<T>(value: unknown, path: string, read: (item: unknown, path: string) => T): readonly T[] {
  if (!Array.isArray(value)) throw refused(path, 'a list', value);
  if (value.length > listLimit) throw refused(path, `at most ${listLimit} entries`, value.length);
  return value.map((item, index) => read(item, `${path}[${index}]`));
}

export function readRecord(value: unknown, path: string): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw refused(path, 'an object', value);
  return value as Fields;
}

export function readString(value: unknown, path: string): string {
  if (typeof value !== 'string') throw refused(path, 'a string', value);
  return value;
}

export function optionalString(value: unknown, path: string): string | undefined {
  return value === undefined ? undefined : readString(value, path);
}

export function readCount(value: unknown, path: string): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0)
    throw refused(path, 'a whole number', value);
  return value;
}

const driveKinds: readonly DriveKind[] = ['floppy', 'disk', 'cdrom'];

export function readDrive(value: unknown, path: string): DriveKind {
  const found = driveKinds.find((kind) => kind === value);
  if (found) return found;
  throw refused(path, driveKinds.map((kind) => `"${kind}"`).join(', '), value);
}

export function readDigest(value: unknown, path: string): Digest {
  if (!isDigest(value)) throw refused(path, 'a sha256 digest', value);
  return value;
}

function requireEqual(value: unknown, expected: string | number, path: string): void {
  if (value !== expected) throw refused(path, JSON.stringify(expected), value);
}

export function refused(path: string, expected: string, value: unknown): SandboxError {
  const shown =
    typeof value === 'object' && value !== null ? (Array.isArray(value) ? 'a list' : 'an object') : String(value);
  const short = shown.length > 80 ? `${shown.slice(0, 80)}…` : shown;
  return new SandboxError('InvalidArgument', `Invalid document: ${path} must be ${expected}, not ${short}`);
}
