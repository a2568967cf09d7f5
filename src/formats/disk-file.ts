import { SandboxError, throwIfAborted, toSandboxError } from '../base/errors';
import { chunksOf, streamOf } from '../base/streams';
import { type DiskImageExtent, extentsOf, parseDiskImage } from './disk-image';
import { parseSparseTar, type SparsePart } from './sparse-tar';

/** What a file says is on a disk. */
export interface DiskFile {
  /** A multiple of 512. */
  readonly sizeBytes: number;
  /** Those that have something in them, ascending. */
  readonly extents: AsyncIterable<DiskImageExtent>;
}

/** As large as a disk may be. */
const maxBytes = 64 * 1024 ** 3;
const sectorBytes = 512;
/** Enough for the magic of every kind: that of tar is at 257. */
const headBytes = 512;

type Kind = 'raw' | 'tar' | 'image';

/** Images of other programs, by what they begin with. */
const foreign: readonly (readonly [magic: string, name: string])[] = [
  ['QFI\xfb', 'qcow2'],
  ['KDMV', 'VMDK'],
  ['# Disk DescriptorFile', 'VMDK'],
  ['vhdxfile', 'VHDX'],
  ['conectix', 'VHD'],
  ['<<< ', 'VDI'],
  ['\xfd7zXZ\0', 'xz'],
  ['\x28\xb5\x2f\xfd', 'zstd'],
  ['BZh', 'bzip2'],
  ['PK\x03\x04', 'zip'],
];

/**
 * A raw disk, a tar of one file with holes, or a disk image of ours (formats/disk-image.ts), each of them plain or
 * gzip'd. `open` gives the file from its beginning; it is called again where the size is not told at the beginning.
 * Errors: `InvalidArgument` for images of other programs and for what is no whole number of sectors, `DataLoss`.
 */
export async function parseDiskFile(open: () => ReadableStream<Uint8Array>, signal?: AbortSignal): Promise<DiskFile> {
  const packed = (await headOf(open())).startsWith('\x1f\x8b');
  const bytes = (): ReadableStream<Uint8Array> => (packed ? streamOf(unpacked(open())) : open());
  const kind = kindOf(await headOf(bytes()));
  if (kind === 'tar') {
    const { sizeBytes, parts } = await parseSparseTar(bytes());
    return { sizeBytes: checkedSize(sizeBytes), extents: extentsOf(parts) };
  }
  if (kind === 'image') return parseDiskImage(chunksOf(bytes()));
  const sizeBytes = checkedSize(await lengthOf(bytes(), signal));
  return { sizeBytes, extents: extentsOf(partsOf(bytes(), sizeBytes)) };
}

/** The first bytes as characters of Latin-1. */
async function headOf(stream: ReadableStream<Uint8Array>): Promise<string> {
  let head = '';
  for await (const chunk of chunksOf(stream)) {
    head += String.fromCharCode(...chunk.subarray(0, headBytes - head.length));
    if (head.length >= headBytes) break;
  }
  return head;
}

function kindOf(head: string): Kind {
  if (head.startsWith('STRADISK')) return 'image';
  // A boot sector has its own mark at the end of the first sector, where a tar's header is always zero.
  if (head.slice(257, 262) === 'ustar') return 'tar';
  const other = foreign.find(([magic]) => head.startsWith(magic));
  if (!other) return 'raw';
  const message = `Not a raw disk but ${other[1]}: convert it first (qemu-img convert -O raw), or unpack it`;
  throw new SandboxError('InvalidArgument', message);
}

async function lengthOf(stream: ReadableStream<Uint8Array>, signal: AbortSignal | undefined): Promise<number> {
  let length = 0;
  for await (const chunk of chunksOf(stream)) {
    throwIfAborted(signal);
    length += chunk.length;
    if (length > maxBytes) return length;
  }
  return length;
}

function checkedSize(sizeBytes: number): number {
  if (sizeBytes > maxBytes) throw refused(`it has more than ${maxBytes / 1024 ** 3} GiB`);
  if (sizeBytes === 0 || sizeBytes % sectorBytes !== 0) {
    throw refused(`its ${sizeBytes} bytes are no whole number of sectors of ${sectorBytes}`);
  }
  return sizeBytes;
}

async function* partsOf(stream: ReadableStream<Uint8Array>, sizeBytes: number): AsyncGenerator<SparsePart> {
  let offset = 0;
  for await (const bytes of chunksOf(stream)) {
    yield { offset, bytes };
    offset += bytes.length;
    if (offset > sizeBytes) break;
  }
  if (offset !== sizeBytes) throw new SandboxError('DataLoss', 'The file changed while it was read');
}

async function* unpacked(stream: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    // The decompressor takes buffers that are not shared; those of files are not.
    yield* chunksOf((stream as ReadableStream<Uint8Array<ArrayBuffer>>).pipeThrough(new DecompressionStream('gzip')));
  } catch (thrown) {
    if (thrown instanceof SandboxError) throw thrown;
    throw new SandboxError('DataLoss', `The file cannot be unpacked: ${toSandboxError(thrown).message}`);
  }
}

function refused(what: string): SandboxError {
  return new SandboxError('InvalidArgument', `Not a raw disk: ${what}`);
}
