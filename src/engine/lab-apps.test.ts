import { describe, expect, it } from 'vitest';
import { settle } from '../base/fake-clock';
import { createTestStorage, openTestLab } from './lab-fixture';

const bytesOf = (hex: string): ArrayBuffer => Uint8Array.from(Buffer.from(hex, 'hex')).buffer;

/** `(module (memory (export "memory") 1) (func (export "_start")))` */
const program = (): ArrayBuffer =>
  bytesOf('0061736d01000000010401600000030201000503010001071302066d656d6f72790200065f737461727400000a040102000b');

/** `(module (import "wasix_32v1" "x" (func)))` */
const wasix = (): ArrayBuffer => bytesOf('0061736d01000000010401600000021001' + '0a77617369785f33327631017800' + '00');

const draft = { kind: 'app', args: [], env: [], files: [], memoryMiB: 8, nics: [] } as const;

describe('a program that a user brings', () => {
  it('is told from a unikernel, and what the page lacks for it is said', async () => {
    const { lab } = await openTestLab();
    expect(await lab.bringModule('My Tool.wasm', program())).toEqual({
      kind: 'app',
      flavor: 'wasi',
      name: 'my-tool',
      image: expect.stringMatching(/^local\/my-tool@sha256:[0-9a-f]{64}$/),
    });
    expect(await lab.bringModule('x.wasm', wasix())).toMatchObject({ kind: 'app', flavor: 'wasix' });

    const poor = await openTestLab(undefined, undefined, { apps: { waiting: 'none', isolated: false } });
    expect(await poor.lab.bringModule('x.wasm', program())).toMatchObject({ flavor: 'wasi', lacks: 'waiting' });
    expect(await poor.lab.bringModule('x.wasm', wasix())).toMatchObject({ flavor: 'wasix', lacks: 'isolation' });
  });

  it('is refused when it is none, and not kept', async () => {
    const storage = await createTestStorage();
    const { lab } = await openTestLab(storage);
    await expect(lab.bringModule('x.wasm', bytesOf('00'))).rejects.toMatchObject({ code: 'InvalidArgument' });
    expect(await storage.blobs.sweep('app', [])).toBe(0);
  });

  it('goes with the last app that is made of it, its files too', async () => {
    const storage = await createTestStorage();
    const { lab } = await openTestLab(storage);
    const { image } = await lab.bringModule('tool.wasm', program());
    const file = await lab.bringAppFile('data/in.txt', new TextEncoder().encode('text').buffer);
    const { id, name } = await lab.create({ ...draft, image, files: [file] });
    expect(name).toBe('tool-1');
    await lab.close();

    const { lab: second, clock } = await openTestLab(storage);
    await settle();
    expect(await storage.blobs.missing([file.digest])).toEqual([]);
    const removal = second.remove(id);
    await clock.advance(8000);
    await removal.finished;
    expect(await storage.blobs.missing([file.digest])).toEqual([file.digest]);
  });
});

describe('an app in the lab', () => {
  it('cannot be paused, and is removed without', async () => {
    const { lab, clock } = await openTestLab();
    const { id } = await lab.create({ ...draft, image: 'local/tool' });
    await lab.start(id).finished;
    expect(() => lab.pause(id)).toThrow(/tool-1 is an app, which cannot be paused/);
    const removal = lab.remove(id);
    await clock.advance(4000);
    lab.tasks.cancel(removal.id);
    await removal.finished.catch(() => {});
    expect(lab.list()[0]?.state.phase).toBe('running');
  });

  it('starts anew when the page comes back, if it ran', async () => {
    const storage = await createTestStorage();
    const { lab } = await openTestLab(storage);
    const { id } = await lab.create({ ...draft, image: 'local/tool' });
    await lab.start(id).finished;
    await lab.close();
    const after = await openTestLab(storage);
    await settle();
    expect(after.lab.list()[0]?.state.phase).toBe('running');
  });
});
