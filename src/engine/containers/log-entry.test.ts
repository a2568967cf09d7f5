import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { concatBytes } from '../../base/bytes';
import { LineSplitter } from './line-splitter';
import { entryBytes, type LogEntry, parseEntries, serializeEntries } from './log-entry';

const bytes = fc.uint8Array({ maxLength: 40 }).map((each) => new Uint8Array(each));
const entry: fc.Arbitrary<LogEntry> = fc.record({
  stream: fc.constantFrom('stdout' as const, 'stderr' as const),
  time: fc.double({ min: 0, max: 1e13, noNaN: true }),
  bytes,
});

describe('entries of a log', () => {
  it('are read as they were written, and their sizes are as told', () => {
    fc.assert(
      fc.property(fc.array(entry), (entries) => {
        const written = serializeEntries(entries);
        expect(parseEntries(written)).toEqual(entries);
        expect(written).toHaveLength(entries.reduce((sum, each) => sum + entryBytes(each), 0));
      }),
    );
  });

  it('are read as far as they are whole', () => {
    fc.assert(
      fc.property(fc.array(entry, { minLength: 1 }), fc.nat(), (entries, cut) => {
        const written = serializeEntries(entries);
        const read = parseEntries(written.subarray(0, cut % written.length));
        expect(entries.slice(0, read.length)).toEqual(read);
        expect(read.length).toBeLessThan(entries.length);
      }),
    );
  });
});

describe('lines', () => {
  it('are the bytes that came, each ending at a newline, at 16 KiB, or with the stream', () => {
    const part = fc.oneof(
      bytes,
      fc.constant(new TextEncoder().encode('a\nb\n')),
      fc.nat({ max: 40_000 }).map((length) => new Uint8Array(length).fill(7)),
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 8 }), (parts) => {
        const splitter = new LineSplitter();
        const lines = [...parts.flatMap((each) => splitter.push(each)), ...splitter.end()];
        expect(concatBytes(lines)).toEqual(concatBytes(parts));
        for (const [at, line] of lines.entries()) {
          expect(line.indexOf(10) === -1 || line.indexOf(10) === line.length - 1).toBe(true);
          expect(line.length).toBeLessThanOrEqual(16_384);
          if (at < lines.length - 1) expect(line.at(-1) === 10 || line.length === 16_384).toBe(true);
        }
      }),
      { numRuns: 60 },
    );
  });
});
