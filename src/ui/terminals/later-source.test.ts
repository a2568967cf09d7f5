import { expect, it } from 'vitest';
import type { ConsoleAttachment, TerminalSize } from '../../api/instance';
import { createDeferred } from '../../base/deferred';
import { settle } from '../../base/fake-clock';
import { LaterSource } from './later-source';
import type { TerminalSource } from './terminals';

const encode = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text);

function setUp() {
  const opened: ReturnType<typeof createDeferred<TerminalSource>>[] = [];
  const later = new LaterSource(
    () => {
      const one = createDeferred<TerminalSource>();
      opened.push(one);
      return one.promise;
    },
    (why) => `not opened: ${why}`,
    true,
  );
  let shown = '';
  const attached = later.attachConsole(({ bytes }) => {
    shown += new TextDecoder().decode(bytes);
  });
  const calls: unknown[] = [];
  const inner: TerminalSource = {
    attachConsole(onOutput): ConsoleAttachment {
      onOutput({ bytes: encode('hello'), skipped: 0 });
      return {
        write: (bytes) => calls.push(new TextDecoder().decode(bytes)),
        resize: ({ columns, rows }: TerminalSize) => calls.push([columns, rows]),
        acknowledge: (bytes) => calls.push(bytes),
        dispose: () => calls.push('disposed'),
      };
    },
  };
  return { opened, attached, inner, calls, shown: () => shown };
}

it('has the size that the terminal had before it came, what was typed then, and what is typed and read from then on', async () => {
  const { opened, attached, inner, calls, shown } = setUp();
  attached.resize({ columns: 80, rows: 24 });
  attached.resize({ columns: 90, rows: 30 });
  attached.write(encode('cd /'));
  attached.write(encode(';'));
  opened[0]?.resolve(inner);
  await settle();
  attached.write(encode('ls'));
  attached.acknowledge(5);
  attached.dispose();
  expect(shown()).toBe('hello');
  expect(calls).toEqual([[90, 30], 'cd /;', 'ls', 5, 'disposed']);
});

it('says why it cannot be had, and tries again with Enter', async () => {
  const { opened, attached, inner, shown } = setUp();
  opened[0]?.reject(new Error('no network'));
  await settle();
  expect(shown()).toBe('[not opened: no network]\r\n');
  attached.write(encode('x'));
  expect(opened).toHaveLength(1);
  attached.write(encode('\r'));
  opened[1]?.resolve(inner);
  await settle();
  expect(shown()).toContain('hello');
});

it('attaches to nothing once it is disposed', async () => {
  const { opened, attached, inner, calls, shown } = setUp();
  attached.dispose();
  opened[0]?.resolve(inner);
  await settle();
  expect([shown(), calls]).toEqual(['', []]);
});
