import { afterEach, expect, it, vi } from 'vitest';
import { serializeError } from '../../base/errors';
import { failureWords } from '../store/failure-words';
import { fetchScenario } from './fetch-scenario';

afterEach(() => vi.unstubAllGlobals());

async function told(status: number): Promise<string> {
  vi.stubGlobal('fetch', async () => new Response('', { status }));
  const url = new URL('https://labs.test/nope.yaml');
  const failure = await fetchScenario({ kind: 'url', url }, AbortSignal.timeout(1000)).catch(serializeError);
  return typeof failure === 'string' ? failure : failureWords(failure);
}

it('says of what is not there what to do with the link, and not to try again', async () => {
  for (const status of [404, 410]) {
    const words = await told(status);
    expect(words).toMatch(/^There is no \/nope\.yaml on labs\.test: .*link/);
    expect(words).not.toMatch(/try again|connection/i);
  }
  expect(await told(503)).toMatch(/503.*try again/);
});
