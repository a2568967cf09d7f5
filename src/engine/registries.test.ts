import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { PullEvent, PushEvent, SignaturePolicy } from '../api/distribution';
import { createDeferred } from '../base/deferred';
import { SandboxError } from '../base/errors';
import { Emitter } from '../base/events';
import { type Connection, connect, expose } from '../rpc/control';
import { createMemoryContentStore, type OpenedStore } from '../storage/open-content-store';
import { type ImageFixture, makeImage } from '../storage/registry/image-fixture';
import { RegistryFixture } from '../storage/registry/registry-fixture';
import { makeKeyPair } from '../storage/signing/signing-key-fixture';
import { StoreService } from '../storage/store-service';
import type { StoreEvent } from '../storage/store-supervision';
import { Registries } from './registries';

describe('registries of the store in another thread', () => {
  let registry: RegistryFixture;
  let image: ImageFixture;
  let name: string;
  let opened: OpenedStore;
  let service: StoreService;
  let channel: MessageChannel;
  let connection: Connection<StoreService>;
  let registries: Registries;
  const events = new Emitter<StoreEvent>();
  const done: (readonly [action: string, id: string, name: string])[] = [];
  const ann = { username: 'ann', password: 'secret' };

  beforeAll(async () => {
    registry = await RegistryFixture.start();
    image = await makeImage({ layers: { base: 3000, app: 200 } });
    name = `${registry.name}/team/web:1`;
  });
  afterAll(() => registry[Symbol.asyncDispose]());
  beforeEach(async () => {
    registry.reset();
    registry.addImage('team/web', image, '1');
    opened = createMemoryContentStore();
    service = new StoreService({ open: async () => opened });
    await service.open(`http://${registry.name}/registry/`);
    channel = new MessageChannel();
    expose(service, channel.port1);
    connection = connect<StoreService>(channel.port2);
    done.length = 0;
    registries = new Registries({
      remote: connection.remote,
      store: events.event,
      tell: ({ action, id, attributes }) => done.push([action, id, attributes['name'] ?? '']),
    });
  });
  afterEach(async () => {
    registries.dispose();
    await service.close();
    connection.close(new SandboxError('Aborted', 'The test is over'));
    channel.port1.close();
  });

  const wantLogin = (): void => {
    const header = `Basic ${Buffer.from('ann:secret').toString('base64')}`;
    registry.fault = (request, response) => {
      if (request.headers.authorization === header) {
        if (request.url !== '/v2/') return false;
        response.end('{}');
        return true;
      }
      const errors = [{ code: 'UNAUTHORIZED', message: 'authentication required' }];
      response.writeHead(401, { 'www-authenticate': 'Basic realm="tests"' }).end(JSON.stringify({ errors }));
      return true;
    };
  };

  it('give an image, and tell how far they are', async () => {
    const told: PullEvent[] = [];
    const pulled = await registries.pull(name, { onEvent: (event) => told.push(event) });
    expect(pulled.digest).toBe(image.manifest.descriptor.digest);
    expect(await opened.images.resolve(name)).toMatchObject({ digest: pulled.digest });
    expect(told.filter((event) => event.kind === 'layer' && event.status === 'Pull complete')).toHaveLength(2);
    expect(done).toEqual([['pull', name, name.slice(0, -2)]]);
    await expect(registries.pull(`${registry.name}/team/none`)).rejects.toThrow();
    await registries.push(name);
    expect(done.slice(1)).toEqual([['push', name, name.slice(0, -2)]]);
  });

  it('can be stopped', async () => {
    const started = createDeferred<void>();
    registry.fault = (request) => {
      if (request.url?.includes('/blobs/') !== true) return false;
      started.resolve();
      // Never answered: whoever asks goes.
      return true;
    };
    const abort = new AbortController();
    const work = registries.pull(name, { signal: abort.signal });
    await started.promise;
    abort.abort();
    await expect(work).rejects.toMatchObject({ code: 'Canceled' });
  });

  it('are told who we are, and again after the store has been started anew', async () => {
    wantLogin();
    const denied = {
      code: 'FailedPrecondition',
      message: `Login to ${registry.name} failed: unauthorized: authentication required`,
    };
    await expect(registries.login(registry.name, { ...ann, password: 'guess' })).rejects.toMatchObject(denied);
    await registries.login(registry.name, ann);
    await registries.pull(name);
    // Another store, as after a death of its worker, which knows nothing.
    await service.close();
    await service.open(`http://${registry.name}/registry/`);
    await expect(registries.pull(name)).rejects.toMatchObject({ code: 'FailedPrecondition' });
    registry.seen.length = 0;
    events.fire({ kind: 'opened', restarts: 1, status: { persistent: true } });
    await expect.poll(() => registry.seen.filter(({ path }) => path === '/v2/').length).toBe(2);
    await expect.poll(() => registries.pull(name).catch(() => undefined)).toBeDefined();
    await registries.logout(registry.name);
    await expect(registries.pull(name)).rejects.toMatchObject({ code: 'FailedPrecondition' });
  });

  it('say that what is asked is no registry', async () => {
    await expect(registries.login(registry.name, ann)).rejects.toMatchObject({
      code: 'NotFound',
      message: expect.stringContaining('Not a registry'),
    });
    await expect(registries.login('not a registry', ann)).rejects.toMatchObject({ code: 'InvalidArgument' });
  });

  it('sign an image, push it with its signature, and find that again', async () => {
    const { publicKey, privateKey } = makeKeyPair('ecdsa');
    const policy = { rules: [{ pattern: '*', demand: 'require', keys: [publicKey] }] } as const;
    await expect(registries.pull(name, { policy })).rejects.toMatchObject({ code: 'FailedPrecondition' });
    await registries.pull(name);
    expect(await registries.verify(name, { policy })).toEqual({ kind: 'unsigned' });
    const signature = await registries.sign(name, privateKey, { creator: 'ann' });
    expect(await registries.verify(name, { policy })).toMatchObject({ kind: 'signed', claims: { creator: 'ann' } });
    const told: PushEvent[] = [];
    await registries.push(signature, { onEvent: (event) => told.push(event) });
    expect(told.some((event) => event.kind === 'layer' && event.status === 'Pushed')).toBe(true);
    await opened.images.collect();
    expect((await registries.pull(name, { policy })).signature.kind).toBe('signed');
    expect(await registries.verify(name, { policy: { rules: [] } })).toEqual({ kind: 'unchecked' });
  });

  it('obey the policy that is kept, and check what they have once', async () => {
    const { publicKey, privateKey } = makeKeyPair('ed25519');
    expect((await registries.policy()).rules.map(({ demand }) => demand)).toEqual(['warn', 'warn']);
    await registries.pull(name);
    const policy: SignaturePolicy = { rules: [{ pattern: registry.name, demand: 'require', keys: [publicKey] }] };
    await registries.setPolicy(policy);
    expect(await registries.policy()).toEqual(policy);
    await expect(registries.pull(name)).rejects.toMatchObject({ code: 'FailedPrecondition' });
    expect(await registries.verify(name)).toEqual({ kind: 'unsigned' });
    registry.seen.length = 0;
    expect(await registries.verify(name)).toEqual({ kind: 'unsigned' });
    expect(registry.seen).toEqual([]);
    await registries.verify(name, { again: true });
    expect(registry.seen.length).toBeGreaterThan(0);
    await registries.push(await registries.sign(name, privateKey));
    registry.seen.length = 0;
    expect((await registries.pull(name)).signature.kind).toBe('signed');
    registry.seen.length = 0;
    expect((await registries.verify(name)).kind).toBe('signed');
    expect(registry.seen).toEqual([]);
    // With other keys it is asked again.
    await registries.setPolicy({ rules: [{ ...policy.rules[0], keys: [makeKeyPair('ecdsa').publicKey] }] } as never);
    expect((await registries.verify(name)).kind).toBe('invalid');
  });

  it('do not take what a registry that is away does not say for an answer', async () => {
    const { publicKey } = makeKeyPair('ed25519');
    await registries.pull(name);
    await registries.setPolicy({ rules: [{ pattern: '*', demand: 'warn', keys: [publicKey] }] });
    registry.fault = (_, response) => {
      response.writeHead(403).end();
      return true;
    };
    expect((await registries.verify(name)).kind).toBe('invalid');
    registry.fault = () => false;
    expect(await registries.verify(name)).toEqual({ kind: 'unsigned' });
  });

  it('keep the policy that was, when another makes no sense', async () => {
    const wrong = { rules: [{ pattern: 'a b', demand: 'accept', keys: [] }] } as const;
    await expect(registries.setPolicy(wrong)).rejects.toMatchObject({
      code: 'InvalidArgument',
      message: expect.stringContaining('"a b" is no pattern'),
    });
    expect((await registries.policy()).rules).toHaveLength(2);
  });

  it('give a store that came back with nothing its policy again', async () => {
    await registries.setPolicy({ rules: [] });
    await service.close();
    opened = createMemoryContentStore();
    await service.open(`http://${registry.name}/registry/`);
    expect((await registries.policy()).rules).toHaveLength(2);
    events.fire({ kind: 'opened', restarts: 1, status: { persistent: false } });
    await expect.poll(async () => (await registries.policy()).rules).toEqual([]);
  });
});
