import { describe, expect, it } from 'vitest';
import type { ReopenedShare } from '../api/instance';
import { SandboxError } from '../base/errors';
import { Emitter } from '../base/events';
import { FakeClock } from '../base/fake-clock';
import { FolderStore } from '../storage/folders/folder-store';
import { MemoryFolderBackend } from '../storage/folders/memory-folder-backend';
import { ShareAttachments } from './share-attachments';

const layer = `sha256:${'a'.repeat(64)}` as const;
const other = `sha256:${'b'.repeat(64)}` as const;

const names = { session: 'lab', randomId: () => crypto.randomUUID() };

function setUp() {
  const clock = new FakeClock(0);
  const storeLost = new Emitter<void>();
  const opened: string[] = [];
  const failures: SandboxError[] = [];
  let failure: SandboxError | undefined;
  const folders = new FolderStore(new MemoryFolderBackend(), clock);
  const attachments = new ShareAttachments({
    shares: {
      async openLayer(diffId) {
        if (failure) throw failure;
        opened.push(diffId);
        return new MessageChannel().port1;
      },
      folders,
    },
    ...names,
    storeLost: storeLost.event,
    clock,
    failed: (error) => failures.push(error),
  });
  return {
    attachments,
    folders,
    clock,
    storeLost,
    opened,
    failures,
    failWith(error: SandboxError | undefined) {
      failure = error;
    },
  };
}

const turns = async () => {
  for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
};

describe('shares that machines have open', () => {
  it('have a port for each layer, the lowest first', async () => {
    const { attachments, opened } = setUp();
    const shares = await attachments.attach([
      { tag: 'one', layer },
      { tag: 'two', layers: [other, layer] },
    ]);
    expect(shares.map(({ tag, kind, ports }) => [tag, kind, ports.length])).toEqual([
      ['one', 'layer', 1],
      ['two', 'layers', 2],
    ]);
    expect(opened).toEqual([layer, other, layer]);
  });

  it('are opened anew when the store has died, as soon as it is back', async () => {
    const { attachments, clock, storeLost, opened, failWith } = setUp();
    const [share] = await attachments.attach([{ tag: 'two', layers: [other, layer] }]);
    const reopened: ReopenedShare[] = [];
    share?.reopened((each) => reopened.push(each));
    failWith(new SandboxError('Unavailable', 'The store is away'));
    storeLost.fire();
    await turns();
    expect(reopened).toEqual([]);
    failWith(undefined);
    clock.advance(250);
    await turns();
    expect(reopened).toMatchObject([{ ports: [{}, {}] }]);
    expect(opened).toHaveLength(4);
  });

  it('are lost to the machine when they cannot be opened anew', async () => {
    const { attachments, storeLost, failures, failWith } = setUp();
    const [share] = await attachments.attach([{ tag: 'one', layer }]);
    const reopened: ReopenedShare[] = [];
    share?.reopened((each) => reopened.push(each));
    failWith(new SandboxError('NotFound', 'No such layer'));
    storeLost.fire();
    await turns();
    expect(reopened).toMatchObject([{ error: { code: 'NotFound' } }]);
    expect(failures[0]?.message).toContain('The share "one" is lost');
  });

  it('are not opened anew for a machine that has ended', async () => {
    const { attachments, storeLost, opened } = setUp();
    const [share] = await attachments.attach([{ tag: 'one', layer }]);
    share?.detach();
    storeLost.fire();
    await turns();
    expect(opened).toHaveLength(1);
  });

  it('of a folder have one port, and the folder is free when its machine has ended', async () => {
    const { attachments, folders } = setUp();
    await folders.create('work');
    const [share] = await attachments.attach([{ tag: 'shared', folder: 'work' }]);
    expect([share?.kind, share?.ports.length]).toEqual(['folder', 1]);
    await expect(folders.remove('work')).rejects.toMatchObject({ code: 'FailedPrecondition' });
    share?.detach();
    await folders.remove('work');
    expect(await folders.list('lab')).toEqual([]);
    await expect(attachments.attach([{ tag: 'shared', folder: 'work' }])).rejects.toMatchObject({ code: 'NotFound' });
  });

  it('cannot be had where there is nothing to share', async () => {
    const { clock, storeLost } = setUp();
    const none = new ShareAttachments({ ...names, storeLost: storeLost.event, clock, failed: () => {} });
    await expect(none.attach([{ tag: 'one', layer }])).rejects.toMatchObject({ code: 'Unimplemented' });
    expect(await none.attach([])).toEqual([]);
  });
});
