import { describe, expect, it } from 'vitest';
import { SandboxError } from '../../base/errors';
import { firstAnswer, getPage, requestRate } from './http-measures';
import { endpoint, httpAnswer, scriptedService } from './scripted-service-fixture';

const refused = new SandboxError('Unavailable', 'Connection refused');

describe('a GET of the page', () => {
  it('has the length of what came', async () => {
    expect(
      await getPage(
        scriptedService(() => httpAnswer(200, 'hello')),
        endpoint,
      ),
    ).toBe(5);
  });

  it('is told when the service says anything else than 200', async () => {
    const asked = getPage(
      scriptedService(() => httpAnswer(404, 'no')),
      endpoint,
      '/file',
    );
    await expect(asked).rejects.toThrow('10.0.0.9 answered a GET of /file with 404, not 200');
  });
});

describe('the first answer', () => {
  it('is waited for while nobody listens yet', async () => {
    let left = 3;
    const service = scriptedService(() => {
      left -= 1;
      return left >= 0 ? refused : httpAnswer(200, 'hello');
    });
    const answered = firstAnswer(service, endpoint);
    for (let turn = 0; turn < 3; turn += 1) await service.clock.advance(2);
    expect(await answered).toBe(5);
    expect(service.connections()).toBe(4);
  });

  it('is not waited for any more once that is canceled', async () => {
    const abort = new AbortController();
    const service = scriptedService(() => refused);
    const answered = firstAnswer(service, endpoint, abort.signal);
    abort.abort();
    await expect(answered).rejects.toMatchObject({ code: 'Canceled' });
  });

  it('is given up for what no waiting changes', async () => {
    const service = scriptedService(() => new SandboxError('NotFound', 'No such network: default'));
    await expect(firstAnswer(service, endpoint)).rejects.toThrow('No such network');
    expect(service.connections()).toBe(1);
  });
});

describe('requests per second', () => {
  it('are answers over the time that passed, each on a connection of its own', async () => {
    const service = scriptedService(() => httpAnswer(200, 'hello'), 10);
    const rate = await requestRate(service, endpoint, { clients: 1, forMs: 1000, pageBytes: 5 });
    expect(service.connections()).toBe(100);
    expect(rate).toBe(100);
  });

  it('are none of a page that comes cut short', async () => {
    const service = scriptedService(() => httpAnswer(200, 'hell'));
    const measured = requestRate(service, endpoint, { clients: 1, forMs: 1000, pageBytes: 5 });
    await expect(measured).rejects.toMatchObject({ code: 'DataLoss', message: 'A page of 5 bytes came with 4' });
  });
});
