import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SandboxError } from '../../base/errors';
import { printedRandom } from '../../base/seed-fixture';
import { errnoOf, linuxErrno } from '../linux-errno';
import { parseHeader, parseReply, parseRequest, serializeDataHeader, serializeReply, serializeRequest } from './codec';
import { parseDirectoryEntries, serializeDirectoryEntries } from './directory-entries';
import { anyReply, anyRequest } from './message-fixture';
import { requestLayouts, requestNumbers } from './messages';

const anyTag = fc.nat(0xffff);
const allRequests = new Set(Object.keys(requestLayouts));

/** RELIABILITY.md, test 4. */
const inputs = 100_000;

describe('9P messages', () => {
  it('are read as they were written: requests of every kind', () => {
    const seen = new Set<string>();
    fc.assert(
      fc.property(anyRequest, anyTag, (message, tag) => {
        seen.add(message.type);
        expect(parseRequest(serializeRequest({ tag, message }))).toEqual({ tag, message });
      }),
      { numRuns: 2000 },
    );
    expect(seen).toEqual(allRequests);
  });

  it('are read as they were written: replies of every kind', () => {
    fc.assert(
      fc.property(anyReply, anyTag, (message, tag) => {
        expect(parseReply(serializeReply({ tag, message }))).toEqual({ tag, message });
      }),
      { numRuns: 2000 },
    );
  });

  it('look on the wire as diod’s protocol.md says', () => {
    const message = { type: 'walk', fid: 1, newFid: 2, names: ['a', 'é'] } as const;
    const header = [0, 0, 0, 0, 110, 7, 0];
    const fields = [1, 0, 0, 0, 2, 0, 0, 0, 2, 0, 1, 0, 0x61, 2, 0, 0xc3, 0xa9];
    expect([...serializeRequest({ tag: 7, message })]).toEqual([24, ...header.slice(1), ...fields]);
  });

  it('of data can be sent as a header with the data behind it', () => {
    const data = Uint8Array.of(1, 2, 3);
    const whole = serializeReply({ tag: 9, message: { type: 'read', data } });
    expect([...serializeDataHeader('read', 9, 3), ...data]).toEqual([...whole]);
  });

  it.each([
    ['a message nobody knows', Uint8Array.of(7, 0, 0, 0, 4, 1, 0), 'EOPNOTSUPP'],
    ['a reply in the place of a request', Uint8Array.of(7, 0, 0, 0, 121, 1, 0), 'EOPNOTSUPP'],
    ['another size than it says', Uint8Array.of(8, 0, 0, 0, 120, 1, 0, 0, 0, 0, 0), 'EPROTO'],
    ['bytes behind its end', Uint8Array.of(12, 0, 0, 0, 120, 1, 0, 0, 0, 0, 0, 9), 'EPROTO'],
    ['a number beyond 2^53', Uint8Array.of(19, 0, 0, 0, 24, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9), 'EOVERFLOW'],
  ] as const)('are refused with a number to answer with: %s', (_, bytes, errno) => {
    let thrown: unknown;
    try {
      parseRequest(bytes);
    } catch (error) {
      thrown = error;
    }
    expect(errnoOf(thrown)).toBe(linuxErrno[errno]);
  });

  it('do not walk more than 16 names', () => {
    const names = Array.from({ length: 17 }, () => 'a');
    const bytes = serializeRequest({ tag: 1, message: { type: 'walk', fid: 0, newFid: 1, names } });
    expect(() => parseRequest(bytes)).toThrow('17 names');
  });

  it('that are damaged give a typed error or a message that can be written again', () => {
    const random = printedRandom('9P');
    const samples = fc.sample(fc.record({ tag: anyTag, message: anyRequest }), 200).map(serializeRequest);
    let taken = 0;
    for (let input = 0; input < inputs; input += 1) {
      const bytes = (samples[random.below(samples.length)] ?? new Uint8Array(0)).slice();
      for (let hits = random.below(4); hits > 0; hits -= 1) bytes[random.below(bytes.length)] = random.below(256);
      const cut = random.chance(0.2) ? bytes.slice(0, random.below(bytes.length + 1)) : bytes;
      try {
        const parsed = parseRequest(cut);
        const again = serializeRequest(parsed);
        // One comparison for each input would take longer than all the rest.
        if (!again.every((byte, index) => byte === cut[index])) expect(again).toEqual(cut);
        taken += 1;
      } catch (error) {
        if (!(error instanceof SandboxError && typeof error.details['errno'] === 'string')) throw error;
      }
    }
    expect(taken).toBeGreaterThan(1000);
    expect(taken).toBeLessThan(inputs);
  });

  it('have no header when there are fewer than seven bytes', () => {
    expect(parseHeader(new Uint8Array(6))).toBeUndefined();
    expect(parseHeader(Uint8Array.of(7, 0, 0, 0, requestNumbers.clunk, 1, 0))).toEqual({
      size: 7,
      number: 120,
      tag: 1,
    });
  });
});

describe('directory entries', () => {
  const entry = (name: string, offset: number) => ({
    qid: { type: 0x80, version: 0, path: offset },
    offset,
    kind: 4,
    name,
  });

  it('are read as they were written', () => {
    const entries = [entry('a', 1), entry('ü', 2), entry('x'.repeat(255), 3)];
    expect(parseDirectoryEntries(serializeDirectoryEntries(entries, 1000))).toEqual(entries);
  });

  it('are as many as fit, to the byte', () => {
    const entries = [entry('aé', 1), entry('b', 2)];
    const [first, both] = [27, 52];
    expect(serializeDirectoryEntries(entries, first - 1)).toHaveLength(0);
    expect(serializeDirectoryEntries(entries, first)).toHaveLength(first);
    expect(serializeDirectoryEntries(entries, both - 1)).toHaveLength(first);
    expect(serializeDirectoryEntries(entries, both)).toHaveLength(both);
  });
});
