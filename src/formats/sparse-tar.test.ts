import { execFileSync } from 'node:child_process';
import {
  closeSync,
  ftruncateSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findProgram } from '../../scripts/lib/judges.mjs';
import { parseSparseTar, serializeSparseTar } from './sparse-tar';

const tar = findProgram('tar');

describe.runIf(tar)('a sparse tar by GNU tar', () => {
  let directory = '';
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'strata-sparse-'));
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  const pack = (...options: string[]): Uint8Array<ArrayBuffer> =>
    Uint8Array.from(
      execFileSync(tar ?? '', ['-c', ...options, '-f', '-', 'disk'], { cwd: directory, maxBuffer: 64 * 1024 * 1024 }),
    );
  const holed = (pieces: readonly (readonly [offset: number, text: string])[], size: number): void => {
    const file = openSync(join(directory, 'disk'), 'w');
    ftruncateSync(file, size);
    for (const [offset, text] of pieces) writeSync(file, text, offset);
    closeSync(file);
  };
  const read = async (bytes: Uint8Array<ArrayBuffer>, chunk = bytes.length): Promise<Uint8Array> => {
    let at = 0;
    const stream = new ReadableStream<Uint8Array>({
      pull(controller) {
        if (at >= bytes.length) controller.close();
        else controller.enqueue(bytes.slice(at, at + chunk));
        at += chunk;
      },
    });
    const { sizeBytes, parts } = await parseSparseTar(stream);
    const whole = new Uint8Array(sizeBytes);
    for await (const { offset, bytes: part } of parts) whole.set(part, offset);
    return whole;
  };

  it('reads as the file was, however it comes', async () => {
    holed(
      [
        [0, 'begin'],
        [1_000_000, 'middle'],
        [2_999_990, 'end'],
      ],
      3_000_000,
    );
    const packed = pack('-S', '--format=pax');
    expect(packed.length).toBeLessThan(200_000);
    const original = Uint8Array.from(readFileSync(join(directory, 'disk')));
    for (const chunk of [packed.length, 4096, 513, 100])
      expect(Buffer.compare(await read(packed, chunk), original)).toBe(0);
  });

  it('may have many pieces, one without any, and none that is sparse', async () => {
    const pieces = Array.from({ length: 300 }, (_, index) => [index * 20_000, `piece ${index}`] as const);
    holed(pieces, 300 * 20_000);
    const many = Uint8Array.from(readFileSync(join(directory, 'disk')));
    expect(Buffer.compare(await read(pack('-S', '--format=pax')), many)).toBe(0);
    expect(Buffer.compare(await read(pack('--format=pax')), many)).toBe(0);
    holed([], 1_000_000);
    expect(Buffer.compare(await read(pack('-S', '--format=pax')), new Uint8Array(1_000_000))).toBe(0);
  });

  it('is what we write', async () => {
    const text = new TextEncoder().encode('x'.repeat(1512));
    async function* bytes() {
      yield text.subarray(0, 300);
      yield text.subarray(300);
    }
    const sizeBytes = 5 * 1024 ** 3 + 1000;
    const pieces = [
      { offset: 512, length: 512 },
      { offset: 5 * 1024 ** 3, length: 1000 },
    ];
    const chunks: Uint8Array[] = [];
    const written = serializeSparseTar({ name: 'made.img', sizeBytes, pieces, bytes: bytes() });
    for await (const chunk of written) chunks.push(chunk);
    const packed = Buffer.concat(chunks);
    execFileSync(tar ?? '', ['-xf', '-'], { cwd: directory, input: packed });
    const { size, blocks } = statSync(join(directory, 'made.img'));
    expect(size).toBe(sizeBytes);
    expect(blocks * 512).toBeLessThan(100_000);
    const file = openSync(join(directory, 'made.img'), 'r');
    for (const [position, expected] of [
      [511, '\0x'],
      [5 * 1024 ** 3, 'xx'],
      [1023, 'x\0'],
    ] as const) {
      const found = Buffer.alloc(2);
      readSync(file, found, 0, 2, position);
      expect(found.toString('latin1')).toBe(expected);
    }
    closeSync(file);
    const parsed = await parseSparseTar(new Blob([packed]).stream());
    let count = 0;
    for await (const { offset, bytes: part } of parsed.parts) {
      expect((offset >= 512 && offset < 1024) || offset >= 5 * 1024 ** 3).toBe(true);
      count += part.length;
    }
    expect([parsed.sizeBytes, count]).toEqual([sizeBytes, 1512]);
  });

  it('is refused when it is none, or told to be damaged', async () => {
    await expect(read(new TextEncoder().encode('no tar'.repeat(500)))).rejects.toMatchObject({
      code: 'InvalidArgument',
    });
    await expect(read(new Uint8Array(1024))).rejects.toMatchObject({ code: 'InvalidArgument' });
    holed([[50_000, 'x'.repeat(5000)]], 100_000);
    const packed = pack('-S', '--format=pax');
    await expect(read(packed.slice(0, 3500))).rejects.toMatchObject({ code: 'DataLoss' });
    const text = Buffer.from(packed).toString('latin1');
    // The map: how many pieces, and where the first is.
    const at = text.search(/\d+\n\d+\n\d+\n/);
    expect(at).toBeGreaterThan(1000);
    writeFileSync(join(directory, 'damaged'), `${text.slice(0, at)}x${text.slice(at + 1)}`, 'latin1');
    await expect(read(Uint8Array.from(readFileSync(join(directory, 'damaged'))))).rejects.toMatchObject({
      code: 'DataLoss',
    });
  });
});
