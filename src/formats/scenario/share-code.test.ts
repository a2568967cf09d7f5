import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeShareCode, encodeShareCode } from './share-code';

const text = 'strata: 1\nname: Two machines\ninstances:\n  - kind: vm\n    name: one\n  - kind: vm\n    name: two\n';

describe('a scenario in a link', () => {
  it('comes out as it went in, whatever it says, in letters that addresses take', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'binary', maxLength: 400 }), async (given) => {
        const code = await encodeShareCode(given.toWellFormed());
        expect(code).toMatch(/^[\w.-]+$/);
        expect(await decodeShareCode(code)).toBe(given.toWellFormed());
      }),
    );
  });

  it('is refused when it was cut, wherever', async () => {
    const code = await encodeShareCode(text);
    for (let length = 2; length < code.length; length += 1) {
      await expect(decodeShareCode(code.slice(0, length))).rejects.toMatchObject({ code: 'DataLoss' });
    }
  });

  it('is refused when a letter of it was changed, and never read as another', async () => {
    const code = await encodeShareCode(text);
    for (let at = 2; at < code.length; at += 1) {
      const changed = code.slice(0, at) + (code[at] === 'A' ? 'B' : 'A') + code.slice(at + 1);
      const read = await decodeShareCode(changed).catch(({ code: kind }: { code: string }) => kind);
      // The last letter has bits that stand for nothing.
      expect(['DataLoss', ...(at === code.length - 1 ? [text] : [])]).toContain(read);
    }
  });

  it('is named when a later page made it', async () => {
    await expect(decodeShareCode('2.abc')).rejects.toMatchObject({ code: 'InvalidArgument' });
  });

  it('is not unpacked without end', async () => {
    const bomb = await encodeShareCode('a'.repeat(20 * 1024 * 1024));
    await expect(decodeShareCode(bomb)).rejects.toMatchObject({ code: 'ResourceExhausted' });
  });
});
