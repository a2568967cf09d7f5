import { describe, expect, it } from 'vitest';
import type { ConsoleOutput } from '../../../api/instance';
import { OutputPump, pendingLimit } from './output-pump';

const bytesOf = (text: string): Uint8Array<ArrayBuffer> =>
  new Uint8Array([...text].map((character) => character.charCodeAt(0)));

/** A console that delivers `before` while it attaches, and a terminal that parses when told. */
function setUp(before: readonly string[] = []) {
  const typed: string[] = [];
  const parsed: (() => void)[] = [];
  let acknowledged = 0;
  let skipped = 0;
  let deliver = (_: ConsoleOutput): void => {};
  const pump = new OutputPump(
    (onOutput) => {
      deliver = onOutput;
      for (const text of before) onOutput({ bytes: bytesOf(text), skipped: 0 });
      return {
        write: (bytes) => typed.push(String.fromCharCode(...bytes)),
        acknowledge: (bytes) => {
          acknowledged += bytes;
        },
        resize: () => {},
        dispose: () => {},
      };
    },
    { write: (_, done) => parsed.push(done) },
    (bytes) => {
      skipped += bytes;
    },
  );
  return {
    pump,
    typed,
    deliver: (text: string, lost = 0) => deliver({ bytes: bytesOf(text), skipped: lost }),
    parseAll: () => parsed.splice(0).forEach((done) => done()),
    acknowledged: () => acknowledged,
    skipped: () => skipped,
  };
}

describe('output on its way to the terminal', () => {
  it('is acknowledged when it is parsed, not when it comes', () => {
    const { deliver, parseAll, acknowledged } = setUp();
    deliver('hello');
    expect(acknowledged()).toBe(0);
    parseAll();
    expect(acknowledged()).toBe(5);
  });

  it('never has more than the limit pending; the rest is counted as skipped and acknowledged', async () => {
    const { pump, deliver, skipped, acknowledged } = setUp();
    const chunk = 'x'.repeat(100_000);
    for (let index = 0; index < 8; index += 1) deliver(chunk);
    expect(pump.pending).toBe(pendingLimit);
    expect(skipped()).toBe(300_000);
    await Promise.resolve();
    expect(acknowledged()).toBe(300_000);
  });

  it('says what the console had to skip', () => {
    const { deliver, skipped } = setUp();
    deliver('a', 1234);
    expect(skipped()).toBe(1234);
  });

  it('is not taken after the end', () => {
    const { pump, deliver, parseAll, acknowledged } = setUp();
    deliver('a');
    pump.dispose();
    deliver('b');
    parseAll();
    expect(acknowledged()).toBe(0);
  });
});

describe('what the terminal answers', () => {
  it.each([
    '\x1b[?1;2c',
    '\x1b[>0;276;0c',
    '\x1b[24;80R',
    '\x1b[0n',
    '\x1b[?2026;2$y',
    '\x1bP1$r0m\x1b\\',
    '\x1b]11;rgb:00/00/00\x1b\\',
  ])('%j is not typed into the guest while old output is shown again, and is afterwards', (answer) => {
    const { pump, typed, parseAll } = setUp(['\x1b[6n']);
    pump.send(bytesOf(answer));
    expect(typed).toEqual([]);
    parseAll();
    pump.send(bytesOf(answer));
    expect(typed).toEqual([answer]);
  });

  it.each(['a', '\r', '\x1b', '\x1b[A', '\x1bOP', '\x1b[200~x\x1b[201~', '\x03'])(
    'typing %j goes through meanwhile',
    (key) => {
      const { pump, typed } = setUp(['\x1b[6n']);
      pump.send(bytesOf(key));
      expect(typed).toEqual([key]);
    },
  );
});
