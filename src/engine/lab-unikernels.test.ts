import { describe, expect, it } from 'vitest';
import type { UnikernelDevice } from '../api/unikernel';
import { SandboxError } from '../base/errors';
import { settle } from '../base/fake-clock';
import { createTestStorage, openTestLab } from './lab-fixture';
import type { ArtifactLoader } from './store-client';
import { UnikernelLibrary } from './unikernel-library';

const draft = {
  kind: 'unikernel',
  image: 'strata/unikernel-httpd:1',
  args: [],
  config: {},
  memoryMiB: 4,
  addressing: 'static',
} as const;

/** A registry with nothing in it. */
const nothing: ArtifactLoader = {
  resolve: (reference) => Promise.reject(new SandboxError('NotFound', `No such artifact: ${reference}`)),
  load: () => Promise.reject(new SandboxError('NotFound', 'No such artifact')),
};

const library = ({ blobs }: { readonly blobs: ConstructorParameters<typeof UnikernelLibrary>[1] }) =>
  new UnikernelLibrary(nothing, blobs);

const wasm = (text: string): ArrayBuffer => new TextEncoder().encode(text).buffer;

describe('a unikernel in the lab', () => {
  it('is called after its program, and has an address like everybody', async () => {
    const { lab } = await openTestLab();
    const record = await lab.create(draft);
    expect(record).toMatchObject({
      name: 'httpd-1',
      spec: { kind: 'unikernel' },
      nics: [{ network: 'default', nic: 0 }],
    });
    expect((await lab.create({ ...draft, image: 'local/My Server@sha256:0' })).name).toBe('my-server-1');
    expect([...record.abilities]).toEqual(['pause']);
  });

  it('is told of to machines by its name', async () => {
    const { lab, driver } = await openTestLab();
    await lab.create({ kind: 'vm', memoryMiB: 64, devices: 'virtio', containerHost: false });
    await lab.create({ ...draft, name: 'web' });
    expect(driver.at(0).hostsTold.at(-1)).toMatch(/\t(web)\n/);
  });

  it('is neither saved nor copied nor moved, which is said before anything begins', async () => {
    const { lab } = await openTestLab();
    const { id } = await lab.create({ ...draft, name: 'web' });
    await lab.start(id).finished;
    const refusal = expect.objectContaining({
      code: 'FailedPrecondition',
      message: expect.stringContaining('web is a unikernel, which cannot be'),
    });
    expect(() => lab.snapshot(id, { name: 'x' })).toThrow(refusal);
    expect(() => lab.clone({ instance: id })).toThrow(refusal);
    expect(() => lab.migrate(id)).toThrow(refusal);
    expect(lab.tasks.list().filter(({ state }) => state === 'failed')).toEqual([]);
  });

  it('is not started anew when it could not be started', async () => {
    const storage = await createTestStorage();
    const before = await openTestLab(storage);
    const { id } = await before.lab.create({ ...draft, name: 'web' });
    const gate = before.unikernels.at(0).holdStart();
    const { finished } = before.lab.start(id);
    await settle();
    gate.reject(new SandboxError('Aborted', 'It does not start'));
    await expect(finished).rejects.toThrow('It does not start');
    await settle();
    await before.lab.close();
    const after = await openTestLab(storage);
    await settle();
    expect(after.lab.list().map(({ state }) => state.phase)).toEqual(['created']);
  });

  it('starts anew when the page comes back, if it ran', async () => {
    const storage = await createTestStorage();
    const before = await openTestLab(storage);
    const running = await before.lab.create({ ...draft, name: 'running' });
    const stopped = await before.lab.create({ ...draft, name: 'stopped' });
    await before.lab.create({ ...draft, name: 'created' });
    for (const { id } of [running, stopped]) await before.lab.start(id).finished;
    await before.lab.stop(stopped.id).finished;
    await before.lab.saveForReload();
    await settle();
    await before.lab.close();

    const after = await openTestLab(storage);
    await settle();
    const phases = after.lab.list().map(({ name, state }) => [name, state.phase]);
    expect(phases).toEqual([
      ['running', 'running'],
      ['stopped', 'created'],
      ['created', 'created'],
    ]);
    expect(after.lab.snapshots()).toEqual([]);
  });
});

describe('a module that a user brings', () => {
  it('is stored, started by its digest, and goes with the last instance that is made of it', async () => {
    const storage = await createTestStorage();
    const devices: readonly UnikernelDevice[] = [{ name: 'service', type: 'NET_BASIC' }];
    const { lab } = await openTestLab(storage, undefined, { library, devices: async () => devices });
    const { name, image } = await lab.bringUnikernel('My Thing.wasm', wasm('module'));
    expect(name).toBe('my-thing');
    expect(image).toMatch(/^local\/my-thing@sha256:[0-9a-f]{64}$/);
    expect(await lab.unikernelDevices(image)).toEqual(devices);
    const { id } = await lab.create({ ...draft, image });
    await lab.close();

    const { lab: second, clock } = await openTestLab(storage, undefined, { library });
    const stored = library(storage);
    const loaded = await stored.load(image, 'module');
    expect(new TextDecoder().decode(loaded.bytes)).toBe('module');
    const removal = second.remove(id);
    await clock.advance(8000);
    await removal.finished;
    await expect(stored.load(image, 'module')).rejects.toMatchObject({ code: 'NotFound' });
  });

  it('is not kept when it cannot be run', async () => {
    const storage = await createTestStorage();
    const devices = () => Promise.reject(new SandboxError('InvalidArgument', 'Not a module that can be run'));
    const { lab } = await openTestLab(storage, undefined, { library, devices });
    await expect(lab.bringUnikernel('x.wasm', wasm('nonsense'))).rejects.toMatchObject({ code: 'InvalidArgument' });
    expect(await storage.blobs.sweep('unikernel module', [])).toBe(0);
  });

  it('is refused by a lab without unikernels', async () => {
    const { lab } = await openTestLab();
    await expect(lab.bringUnikernel('x.wasm', wasm('x'))).rejects.toMatchObject({ code: 'Unimplemented' });
    expect(await lab.unikernels()).toEqual([]);
  });
});
