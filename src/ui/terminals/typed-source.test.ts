import { describe, expect, it } from 'vitest';
import type { ConsoleAttachment, ConsoleOutput } from '../../api/instance';
import { TypedSource } from './typed-source';

/** A source that tells what was written into each of its attachments. */
function recorder() {
  const written: string[][] = [];
  const outputs: ((output: ConsoleOutput) => void)[] = [];
  const inside = { ended: false };
  const source = new TypedSource({
    get ended() {
      return inside.ended;
    },
    attachConsole(onOutput): ConsoleAttachment {
      const own: string[] = [];
      written.push(own);
      outputs.push(onOutput);
      return {
        write: (bytes) => own.push(new TextDecoder().decode(bytes)),
        resize: ({ columns }) => own.push(`size ${columns}`),
        acknowledge: () => {},
        dispose: () => own.push('disposed'),
      };
    },
  });
  const say = (at: number, text: string) => outputs[at]?.({ bytes: new TextEncoder().encode(text), skipped: 0 });
  return { source, written, say, inside };
}

const size = { columns: 80, rows: 24 };

describe('a terminal that is typed into from outside', () => {
  it('keeps keys until its program has said something: what comes before is shown twice', () => {
    const { source, written, say } = recorder();
    source.type('a');
    const attachment = source.attachConsole(() => {});
    source.type('b');
    expect(written).toEqual([[]]);
    attachment.resize(size);
    attachment.resize(size);
    expect(written).toEqual([['size 80', 'size 80']]);
    say(0, '/ # ');
    source.type('c');
    attachment.write(new TextEncoder().encode('d'));
    expect(written).toEqual([['size 80', 'size 80', 'ab', 'c', 'd']]);
  });

  it('tells its end to whoever asks, and all of it to the terminal', () => {
    const { source, say } = recorder();
    const shown: string[] = [];
    const heard: string[] = [];
    source.heard((text) => heard.push(text));
    source.attachConsole(({ bytes }) => shown.push(new TextDecoder().decode(bytes)));
    say(0, 'x'.repeat(500));
    say(0, '/ # ');
    expect(source.said).toHaveLength(400);
    expect(source.said.endsWith('x/ # ')).toBe(true);
    expect(shown).toEqual(heard);
  });

  it('whose program has ended is started again before it is typed into', () => {
    const { source, written, say, inside } = recorder();
    source.attachConsole(() => {}).resize(size);
    say(0, '/ # ');
    inside.ended = true;
    say(0, '[ended]');
    source.type('a');
    expect(written).toEqual([['size 80', '\r']]);
    inside.ended = false;
    say(0, '/ # ');
    expect(written).toEqual([['size 80', '\r', 'a']]);
  });

  it('that cannot be started again is not tried twice', () => {
    const { source, written, say, inside } = recorder();
    source.attachConsole(() => {}).resize(size);
    inside.ended = true;
    source.type('a\r');
    say(0, '[off]');
    expect(written).toEqual([['size 80', '\r']]);
  });

  it('goes on with the next attachment, and waits where there is none', () => {
    const { source, written, say } = recorder();
    const first = source.attachConsole(() => {});
    first.resize(size);
    say(0, '/ # ');
    first.dispose();
    source.type('a');
    source.attachConsole(() => {}).resize(size);
    say(1, '/ # ');
    expect(written).toEqual([
      ['size 80', 'disposed'],
      ['size 80', 'a'],
    ]);
  });

  it('drops what is more than anybody would type', () => {
    const { source, written, say } = recorder();
    for (let count = 0; count < 100; count += 1) source.type('x'.repeat(1024));
    source.attachConsole(() => {}).resize(size);
    say(0, '/ # ');
    expect(written[0]?.[1]).toHaveLength(64 * 1024);
  });
});
