import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Credentials, FindCredentials } from '../../api/distribution';
import { systemClock } from '../../base/clock';
import { MemoryMetadataStore } from '../metadata-store';
import { stallTimeoutMs } from '../watchdog';
import { ContentFixture } from './content-fixture';
import { type ImageFixture, makeImage } from './image-fixture';
import { ImageRegistries } from './image-registries';
import { RegistryFixture } from './registry-fixture';

/** A registry that wants tokens, a server that gives them, and how long one is good for is told by the test. */
describe('a registry that wants to know who asks', () => {
  let registry: RegistryFixture;
  let tokens: RegistryFixture;
  let image: ImageFixture;
  let now = 0;
  /** What the token server is to answer with; what the registry takes. */
  let given: { status: number; body: string };
  let accepted: (authorization: string) => boolean;
  let challenge: string;

  beforeAll(async () => {
    [registry, tokens] = [await RegistryFixture.start(), await RegistryFixture.start()];
    image = await makeImage({ layers: { base: 3000, app: 200 } });
  });
  afterAll(async () => {
    await registry[Symbol.asyncDispose]();
    await tokens[Symbol.asyncDispose]();
  });
  beforeEach(() => {
    registry.reset();
    tokens.reset();
    registry.addImage('team/web', image, '1');
    registry.addImage('team/other', image, '1');
    registry.fault = (request, response) => {
      if (accepted(request.headers.authorization ?? '')) return false;
      response.writeHead(401, challenge === '' ? {} : { 'www-authenticate': challenge }).end();
      return true;
    };
    let count = 0;
    given = { status: 200, body: '' };
    tokens.fault = (_, response) => {
      count += 1;
      response.writeHead(given.status).end(given.body || JSON.stringify({ token: `token-${count}`, expires_in: 300 }));
      return true;
    };
    accepted = (authorization) => authorization.startsWith('Bearer token-');
    challenge = `Bearer realm="http://${tokens.name}/token",service="tests",scope="repository:team/web:pull"`;
    now = 0;
  });

  const registries = (credentials?: FindCredentials) =>
    new ImageRegistries({
      content: new ContentFixture(),
      metadata: new MemoryMetadataStore(),
      fetch,
      clock: {
        now: () => now,
        monotonic: () => now,
        after: (ms, call) => systemClock.after(ms >= stallTimeoutMs ? ms : 0, call),
      },
      layoutUrl: `http://${registry.name}/registry/`,
      ...(credentials && { credentials }),
    });
  const web = () => `${registry.name}/team/web:1`;
  const ann: Credentials = { username: 'ann', password: 'pass:wörd' };
  const annAtRegistry: FindCredentials = async (name) => (name === registry.name ? ann : undefined);
  const annsHeader = `Basic ${Buffer.from('ann:pass:wörd').toString('base64')}`;
  const refusal = async (work: Promise<unknown>) => {
    const error: unknown = await work.then(
      () => expect.unreachable(),
      (thrown: unknown) => thrown,
    );
    return error as { code: string; message: string };
  };

  it('gets a token that its server gives to anybody, once for all requests', async () => {
    await registries().pull(web());
    expect(tokens.seen).toEqual([
      expect.objectContaining({ path: '/token?service=tests&scope=repository%3Ateam%2Fweb%3Apull', authorization: '' }),
    ]);
    const refused = registry.seen.filter(({ authorization }) => authorization === '');
    expect(refused).toHaveLength(1);
  });

  it('gets a token of its own for each repository and for pushing', async () => {
    const all = registries(annAtRegistry);
    await all.pull(web());
    await all.pull(`${registry.name}/team/other:1`);
    await all.push(web());
    const scopes = tokens.seen.map(({ path }) => new URL(path, 'http://x').searchParams.getAll('scope'));
    expect(scopes).toEqual([
      ['repository:team/web:pull'],
      ['repository:team/other:pull'],
      ['repository:team/web:pull,push'],
    ]);
    expect(tokens.seen.every(({ authorization }) => authorization === annsHeader)).toBe(true);
    // The registry itself never sees the password.
    expect(registry.seen.some(({ authorization }) => authorization.startsWith('Basic'))).toBe(false);
  });

  it('gets a new token before the old one has expired, and when it is refused early', async () => {
    const all = registries();
    await all.pull(web());
    now += 290_000;
    await all.pull(web());
    expect(tokens.seen).toHaveLength(1);
    now += 6000;
    await all.pull(web());
    expect(tokens.seen).toHaveLength(2);
    accepted = (authorization) => authorization === 'Bearer token-3';
    await all.pull(web());
    expect(tokens.seen).toHaveLength(3);
  });

  it('takes 60 seconds for a token of which nothing is said, and the name of OAuth for it', async () => {
    given.body = '{"access_token":"token-x"}';
    const all = registries();
    await all.pull(web());
    now += 50_000;
    await all.pull(web());
    expect(tokens.seen).toHaveLength(1);
    now += 6000;
    await all.pull(web());
    expect(tokens.seen).toHaveLength(2);
  });

  it('that takes no token is not asked for ever', async () => {
    accepted = () => false;
    expect(await refusal(registries().pull(web()))).toMatchObject({
      code: 'FailedPrecondition',
      message: expect.stringContaining('unauthorized: authentication required'),
    });
    expect(tokens.seen).toHaveLength(1);
    expect(registry.seen).toHaveLength(2);
  });

  it('whose token server refuses the password says so', async () => {
    const errors = [{ code: 'UNAUTHORIZED', message: 'incorrect username or password' }];
    given = { status: 401, body: JSON.stringify({ errors }) };
    expect(await refusal(registries(annAtRegistry).pull(web()))).toMatchObject({
      code: 'FailedPrecondition',
      message: expect.stringContaining('unauthorized: incorrect username or password'),
    });
  });

  it.each([
    ['no JSON', '<html>'],
    ['no token', '{}'],
    ['nothing', 'null'],
    ['a token that is no text', '{"token":5}'],
    ['a token that would be two headers', '{"token":"a\\r\\nX-Evil: 1"}'],
    ['an answer without end', ' '.repeat(100_000)],
  ])('whose token server gives %s is an error', async (_, body) => {
    given.body = body;
    expect(await refusal(registries().pull(web()))).toMatchObject({ code: 'InvalidArgument' });
  });

  it.each([
    ['another scheme', 'ftp://example.org/token'],
    ['no address', 'token server'],
    ['plain HTTP elsewhere', 'http://example.org/token'],
    ['an address with a password in it', 'https://a:b@example.org/token'],
    ['nothing', ''],
  ])('that sends to %s for a token is not followed', async (_, realm) => {
    challenge = `Bearer realm="${realm}"`;
    expect(await refusal(registries(annAtRegistry).pull(web()))).toMatchObject({
      code: 'FailedPrecondition',
      message: expect.stringContaining('no https address'),
    });
  });

  it('whose token server sends elsewhere is not followed, with the password or without', async () => {
    const other = await RegistryFixture.start();
    tokens.fault = (_, response) => {
      response.writeHead(307, { location: `http://${other.name}/token` }).end();
      return true;
    };
    expect(await refusal(registries(annAtRegistry).pull(web()))).toMatchObject({ code: 'Unavailable' });
    expect(other.seen).toEqual([]);
    await other[Symbol.asyncDispose]();
  });

  it('may send to another server for blobs, which is not told who asks', async () => {
    const storage = await RegistryFixture.start();
    for (const blob of [image.config, ...image.layers]) storage.addBlob(blob);
    const asked = registry.fault;
    registry.fault = async (request, response) => {
      if (await asked(request, response)) return true;
      if (!request.url?.includes('/blobs/')) return false;
      response.writeHead(307, { location: `http://${storage.name}${request.url}` }).end();
      return true;
    };
    await registries().pull(web());
    expect(storage.seen).toHaveLength(3);
    expect(storage.seen.every(({ authorization }) => authorization === '')).toBe(true);
    await storage[Symbol.asyncDispose]();
  });

  describe('by name and password', () => {
    beforeEach(() => {
      challenge = 'Basic realm="tests"';
      accepted = (authorization) => authorization === annsHeader;
    });

    it('is told them when it asks, and from then on', async () => {
      await registries(annAtRegistry).pull(web());
      expect(registry.seen.filter(({ authorization }) => authorization === '')).toHaveLength(1);
    });

    it('is told them though a page may not see what it asks for', async () => {
      challenge = '';
      await registries(annAtRegistry).pull(web());
    });

    it('is not told those of another registry', async () => {
      const elsewhere: FindCredentials = async (name) => (name === 'registry.example.org' ? ann : undefined);
      expect(await refusal(registries(elsewhere).pull(web()))).toMatchObject({ code: 'FailedPrecondition' });
      expect(registry.seen).toHaveLength(1);
    });

    it('refuses wrong ones once', async () => {
      const wrong: FindCredentials = async () => ({ username: 'ann', password: 'guess' });
      const all = registries(wrong);
      expect(await refusal(all.pull(web()))).toMatchObject({ code: 'FailedPrecondition' });
      expect(registry.seen).toHaveLength(2);
      await refusal(all.pull(web()));
      expect(registry.seen).toHaveLength(3);
    });

    it('cannot be told a name with a colon', async () => {
      const colon: FindCredentials = async () => ({ username: 'a:b', password: '' });
      expect(await refusal(registries(colon).pull(web()))).toMatchObject({ code: 'InvalidArgument' });
    });

    it('in a scheme that we do not know is asked nothing more', async () => {
      challenge = 'Negotiate';
      expect(await refusal(registries(annAtRegistry).pull(web()))).toMatchObject({ code: 'FailedPrecondition' });
      expect(registry.seen).toHaveLength(1);
    });
  });
});
