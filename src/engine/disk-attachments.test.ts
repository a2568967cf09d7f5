import { describe, expect, it, onTestFinished } from 'vitest';
import type { DiskStore } from '../api/disk';
import type { ReopenedDisk } from '../api/instance';
import { SandboxError } from '../base/errors';
import { Emitter } from '../base/events';
import { FakeClock } from '../base/fake-clock';
import { LastingBlockClient } from '../rpc/lasting-block-client';
import { LayeredDiskStore } from '../storage/disks/layered-disk-store';
import { MemoryDiskBackend } from '../storage/disks/memory-disk-backend';
import { DiskAttachments } from './disk-attachments';

const gone = () => new SandboxError('Unavailable', 'The store ended');

/** Until nothing is to be done any more without time passing. */
async function turns(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

/** Disks of a store that can end; while it is away every call fails. */
async function begin() {
  const clock = new FakeClock();
  const backend = new MemoryDiskBackend();
  const storeLost = new Emitter<void>();
  const failures: SandboxError[] = [];
  let now: DiskStore | undefined = new LayeredDiskStore(backend, clock);
  /** Called after an opening, before its answer is on its way. */
  let opened = async (_port: MessagePort): Promise<void> => {};
  const disks = new Proxy({} as DiskStore, {
    get:
      (_, method: keyof DiskStore) =>
      async (...args: unknown[]) => {
        if (!now) throw gone();
        const call = now[method] as (...given: unknown[]) => Promise<unknown>;
        const result = await call.apply(now, args);
        if (method === 'open') await opened(result as MessagePort);
        return result;
      },
  });
  let ids = 0;
  const attachments = new DiskAttachments({
    disks,
    storeLost: storeLost.event,
    clock,
    randomId: () => `mark-${ids++}`,
    failed: (error) => failures.push(error),
  });
  onTestFinished(() => attachments.dispose());
  const { id } = await now.create({ sizeMiB: 1 });
  const die = (): void => {
    now = undefined;
    storeLost.fire();
  };
  const restart = (over = backend): void => {
    now = new LayeredDiskStore(over, clock);
  };
  const attach = async () => {
    const [attachment] = await attachments.attach([id]);
    if (!attachment) throw new Error('Nothing was attached');
    const told: ReopenedDisk[] = [];
    attachment.reopened((each) => told.push(each));
    return { attachment, told };
  };
  return {
    clock,
    id,
    attachments,
    failures,
    storeLost,
    attach,
    die,
    restart,
    onOpened: (then: typeof opened) => {
      opened = then;
    },
    store: () => now,
  };
}

describe('disks of machines whose store dies', () => {
  it('are opened anew once it is back, with what their machines wrote', async () => {
    const lab = await begin();
    const { attachment, told } = await lab.attach();
    const client = new LastingBlockClient({ port: attachment.port, unflushed: [] }, { clock: lab.clock });
    await client.write(0, Uint8Array.of(7));
    lab.die();
    await turns();
    expect(told).toEqual([]);
    lab.restart();
    await lab.clock.advance(250);
    await turns();
    const [renewed] = told;
    if (!renewed || !('port' in renewed)) throw new Error('It was not opened anew');
    expect(renewed.mark).not.toBe(attachment.mark);
    client.renew(renewed.port);
    expect(await client.read(0, 1)).toEqual(Uint8Array.of(7));
    await client.flush();
    await expect(lab.store()?.freeze(lab.id, renewed.mark)).resolves.toMatchObject({ generation: 1 });
    expect(lab.failures).toEqual([]);
  });

  it('are opened once more when the store dies while they are opened, even if it had opened them', async () => {
    const lab = await begin();
    const { told } = await lab.attach();
    lab.die();
    lab.restart();
    let deaths = 0;
    lab.onOpened(async () => {
      deaths += 1;
      if (deaths > 2) return;
      lab.die();
      lab.restart();
      // The first time the answer is lost with the store, the second time it has just come.
      if (deaths === 1) throw gone();
    });
    await lab.clock.advance(250);
    await turns();
    await lab.clock.advance(250);
    await turns();
    await lab.clock.advance(250);
    await turns();
    expect(deaths).toBe(3);
    expect(told).toHaveLength(1);
    expect(told[0]).toHaveProperty('port');
  });

  it('are lost when the store does not come back in time', async () => {
    const lab = await begin();
    const { told } = await lab.attach();
    lab.die();
    for (let tries = 0; tries < 125; tries += 1) {
      await turns();
      await lab.clock.advance(250);
    }
    await turns();
    expect(told).toMatchObject([{ error: { code: 'Unavailable', details: { disk: lab.id } } }]);
    expect(lab.failures).toHaveLength(1);
  });

  it('are lost when somebody else has had them meanwhile', async () => {
    const lab = await begin();
    const { told } = await lab.attach();
    lab.die();
    await turns();
    lab.restart();
    await lab.store()?.open(lab.id);
    await lab.store()?.close(lab.id);
    await lab.clock.advance(250);
    await turns();
    expect(told).toMatchObject([{ error: { code: 'FailedPrecondition' } }]);
  });

  it('are lost with a store that was only in memory, and that is said', async () => {
    const lab = await begin();
    await lab.attach();
    lab.die();
    lab.restart(new MemoryDiskBackend());
    await turns();
    await lab.clock.advance(250);
    await turns();
    expect(lab.failures).toMatchObject([{ code: 'NotFound' }]);
    expect(lab.failures[0]?.message).toContain('it was kept in memory only, and went with the store');
  });

  it('are left alone when their machine has ended', async () => {
    const lab = await begin();
    const { attachment, told } = await lab.attach();
    lab.die();
    await turns();
    attachment.detach();
    lab.restart();
    await lab.clock.advance(250);
    await turns();
    expect(told).toEqual([]);
    // It is free for the next start.
    await expect(lab.attach()).resolves.toBeDefined();
    expect(lab.failures).toEqual([]);
  });

  it('are attached all or none', async () => {
    const lab = await begin();
    await expect(lab.attachments.attach([lab.id, 'none'])).rejects.toMatchObject({ code: 'NotFound' });
    await turns();
    await expect(lab.store()?.revert({ disk: lab.id, generation: 1 })).rejects.toMatchObject({ code: 'NotFound' });
    lab.die();
    await turns();
    expect(lab.failures).toEqual([]);
  });
});
