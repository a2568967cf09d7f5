import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ConsoleOutput } from '../../../api/instance';
import { ConsoleText, plainText } from './console-text';

describe('console output as plain text', () => {
  it.each([
    ['a\r\nb', 'a\nb'],
    ['\x1b[1;31mred\x1b[0m', 'red'],
    ['\x1b]0;title\x07x', 'x'],
    ['\x1b]8;;http://a\x1b\\link\x1b]8;;\x1b\\', 'link'],
    ['\x1bP1$r0m\x1b\\x', 'x'],
    ['\x1b[6n# ', '# '],
    ['\x1b(Bx\x1bM', 'x'],
    ['bell\x07 back\x08', 'bell back'],
    ['tab\tstays', 'tab\tstays'],
    ['\x1b]52;c;never ended', ''],
  ])('%j is %j', (printed, plain) => expect(plainText(printed)).toBe(plain));

  it('has no control characters but tabs and line ends, whatever was printed', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (printed) => !/[\x00-\x08\x0b-\x1f\x7f]/.test(plainText(printed))),
    );
  });
});

describe('the text of a console', () => {
  function setUp() {
    let deliver = (_: ConsoleOutput): void => {};
    let acknowledged = 0;
    const text = new ConsoleText(
      (onOutput) => {
        deliver = onOutput;
        return {
          write: () => {},
          resize: () => {},
          dispose: () => {},
          acknowledge: (bytes) => {
            acknowledged += bytes;
          },
        };
      },
      () => {},
    );
    return {
      text,
      deliver: (bytes: Uint8Array<ArrayBuffer>, skipped = 0) => deliver({ bytes, skipped }),
      acknowledged: () => acknowledged,
    };
  }

  it('joins characters and sequences that were cut between deliveries', () => {
    const { text, deliver } = setUp();
    const bytes = new TextEncoder().encode('é\x1b[31mx');
    for (const byte of bytes) deliver(new Uint8Array([byte]));
    expect(text.text).toBe('éx');
  });

  it('keeps the last 256 Ki characters and counts what went', async () => {
    const { text, deliver, acknowledged } = setUp();
    deliver(new Uint8Array(300 * 1024).fill(97));
    expect(text.text).toHaveLength(256 * 1024);
    expect(text.skipped).toBe(44 * 1024);
    await Promise.resolve();
    expect(acknowledged()).toBe(300 * 1024);
  });
});
