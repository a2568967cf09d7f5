import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { concatBytes, toHex } from '../../src/base/bytes';
import { buildNative, clang, runNative } from '../unikernels/test/native-program';

const sources = ['test/netlink_test.c', 'netlink.c'].map((path) => `../oci-runtime/${path}`);

const types = { error: 2, done: 3, link: 16 } as const;
const absent = -2;
const unknown = -71;

interface Message {
  readonly type: keyof typeof types;
  /** 0: what an answer of the type `error` says when nothing is wrong. */
  readonly error: number;
  /** Bytes behind it, of what is answered. */
  readonly rest: number;
}

/** One of what the kernel answers (man 7 netlink). */
function serialize({ type, error, rest }: Message): Uint8Array<ArrayBuffer> {
  const view = new DataView(new ArrayBuffer(20 + Math.ceil(rest / 4) * 4));
  view.setUint32(0, 20 + rest, true);
  view.setUint16(4, types[type], true);
  view.setInt32(16, error, true);
  return new Uint8Array(view.buffer);
}

interface Answer {
  readonly kept: number;
  readonly size: number;
  readonly bytes: Uint8Array;
}

function answer(messages: readonly Message[], kept = Number.POSITIVE_INFINITY): Answer {
  const bytes = concatBytes(messages.map(serialize));
  return { kept: Math.min(kept, bytes.length), size: bytes.length, bytes };
}

/** The first refusal; what was cut off may have been one. */
function meaning(messages: readonly Message[], kept: number): number {
  let at = 0;
  for (const message of messages) {
    if (kept < at + 16) return unknown;
    if (message.type === 'error' && kept < at + 20) return unknown;
    if (message.type === 'error' && message.error !== 0) return message.error;
    at += serialize(message).length;
  }
  return 0;
}

describe.runIf(clang)('answers of netlink', () => {
  let program: string;
  beforeAll(() => {
    program = buildNative('oci-netlink', sources);
  });
  const ask = (answers: readonly Answer[]): readonly number[] => {
    const lines = answers.map(({ kept, size, bytes }) => `${kept} ${size} ${toHex(bytes.subarray(0, kept))}`);
    return runNative(program, [], lines).map(Number);
  };

  it('refuse what the first error says, also when what it repeats did not fit', () => {
    const done = { type: 'error', error: 0, rest: 16 } as const;
    const refused = { type: 'error', error: absent, rest: 12_000 } as const;
    expect(ask([answer([done]), answer([done, refused]), answer([refused], 8192)])).toEqual([0, absent, absent]);
  });

  it('mean what they say, wherever they are cut off', () => {
    const messages = fc.array(
      fc.record({
        type: fc.constantFrom(...(['error', 'done', 'link'] as const)),
        error: fc.constantFrom(0, 0, 0, absent, -17),
        rest: fc.nat(300),
      }),
      { maxLength: 12 },
    );
    const samples = fc.sample(fc.record({ messages, kept: fc.nat(2400) }), 3000);
    const answers = ask(samples.map((each) => answer(each.messages, each.kept)));
    for (const [index, each] of samples.entries()) {
      expect([each, answers[index]]).toEqual([each, meaning(each.messages, each.kept)]);
    }
  });

  it('are not taken for consent when they are damaged', () => {
    const damaged = (length: number): Answer => {
      const { bytes, ...rest } = answer([{ type: 'done', error: 0, rest: 0 }]);
      new DataView(bytes.buffer, bytes.byteOffset).setUint32(0, length, true);
      return { bytes, ...rest };
    };
    expect(ask([damaged(0), damaged(15), damaged(24), damaged(2 ** 32 - 1)])).toEqual(new Array(4).fill(unknown));
  });
});
