import { describe, expect, it } from 'vitest';
import type { ConsoleAttachment, ConsoleOutput } from '../../api/instance';
import { TypedSource } from './typed-source';

/** A source that tells what was written into each of its attachments. */
function recorder() {
  const written: string[][] = [];
  const outputs: ((output: ConsoleOutput) => void)[] = [];
  const source = new TypedSource({
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
  return { source, written, say };
}

const size = { columns: 80, rows: 24 };

describe('a terminal that is typed into from outside', () => {
  it('keeps keys until its first size has begun it', () => {
    const { source, written } = recorder();
    source.type('a');
    const attachment = source.attachConsole(() => {});
    source.type('b');
    expect(written).toEqual([[]]);
    attachment.resize(size);
    attachment.resize(size);
    source.type('c');
    attachment.write(new TextEncoder().encode('d'));
    expect(written).toEqual([['size 80', 'ab', 'size 80', 'c', 'd']]);
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

  it('goes on with the next attachment, and waits where there is none', () => {
    const { source, written } = recorder();
    const first = source.attachConsole(() => {});
    first.resize(size);
    first.dispose();
    source.type('a');
    source.attachConsole(() => {}).resize(size);
    expect(written).toEqual([
      ['size 80', 'disposed'],
      ['size 80', 'a'],
    ]);
  });

  it('drops what is more than anybody would type', () => {
    const { source, written } = recorder();
    for (let count = 0; count < 100; count += 1) source.type('x'.repeat(1024));
    source.attachConsole(() => {}).resize(size);
    expect(written[0]?.[1]).toHaveLength(64 * 1024);
  });
});
