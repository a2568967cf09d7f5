import { describe, expect, it } from 'vitest';
import { checkProgram } from './check-program';

const bytesOf = (hex: string): Uint8Array<ArrayBuffer> => Uint8Array.from(Buffer.from(hex.replaceAll(' ', ''), 'hex'));

/** A program that is given its memory: shared, of 1 page at least and 65,536 at most. */
const threaded = bytesOf(
  '0061736d01000000 010401600000 02120103656e76066d656d6f7279020301808004 03020100 070a01065f73746172740000 0a040102000b',
);

describe('a program that is given its memory', () => {
  it('is one of WASIX, and gets no more than it may have', async () => {
    const checked = await checkProgram(threaded, 1);
    expect(checked.flavor).toBe('wasix');
    if (checked.flavor !== 'wasix') return;
    const module = await WebAssembly.compile(checked.bytes);
    const memory = (maximum: number) => new WebAssembly.Memory({ initial: 1, maximum, shared: true });
    expect(() => new WebAssembly.Instance(module, { env: { memory: memory(16) } })).not.toThrow();
    expect(() => new WebAssembly.Instance(module, { env: { memory: memory(17) } })).toThrow(/maximum/);
  });

  it('is refused when it needs more from the start', async () => {
    const large = bytesOf(Buffer.from(threaded).toString('hex').replace('020301808004', '020320808004'));
    await expect(checkProgram(large, 1)).rejects.toMatchObject({ code: 'ResourceExhausted' });
  });
});
