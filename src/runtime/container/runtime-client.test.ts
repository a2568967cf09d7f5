import { describe, expect, it } from 'vitest';
import { holdProcess } from './process-fixture';
import { RuntimeClient } from './runtime-client';
import type { RuntimeEvent } from './runtime-protocol';

function setUp() {
  const held = holdProcess();
  const client = new RuntimeClient(held.process);
  const events: RuntimeEvent[] = [];
  client.events((event) => events.push(event));
  return { held, client, events };
}

describe('a client of the container runtime', () => {
  it('asks by lines and gives each its answer, with events between them in their order', async () => {
    const { held, client, events } = setUp();
    const list = client.call('list');
    const kill = client.call('kill', { container: 'web', signal: 15 });
    await held.told(2);
    expect(held.lines.map((line) => JSON.parse(line))).toEqual([
      { id: 1, call: 'list' },
      { id: 2, call: 'kill', container: 'web', signal: 15 },
    ]);
    held.say('{"id":1,"result":{"containers":[]}}\n{"event":"exited","contai');
    expect(await list).toEqual({ containers: [] });
    expect(events).toEqual([]);
    held.say('ner":"web","code":137,"signal":9,"oomKilled":true,"at":5}\n');
    held.say(
      '{"event":"paused","container":"web","at":6}\n{"id":2,"error":{"code":"NotFound","message":"No such container: web"}}\n',
    );
    await expect(kill).rejects.toMatchObject({ code: 'NotFound', message: 'No such container: web' });
    expect(events).toEqual([{ event: 'exited', container: 'web', code: 137, oomKilled: true, at: 5 }]);
    client.dispose();
    expect(held.signals).toEqual(['SIGKILL']);
  });

  it('refuses a runtime of another protocol', async () => {
    const { held, client } = setUp();
    const hello = client.hello();
    held.say('{"id":1,"result":{"protocol":2}}\n');
    await expect(hello).rejects.toMatchObject({ code: 'Unimplemented' });
    client.dispose();
  });

  it('tells everybody who waits what the runtime said when it ended', async () => {
    const { held, client } = setUp();
    const list = client.call('list');
    held.complain('mount: /dev/vda: No such device\n');
    held.end(1);
    const ended = {
      code: 'Unavailable',
      message: 'The container runtime of the host does not run: mount: /dev/vda: No such device',
    };
    await expect(list).rejects.toMatchObject(ended);
    expect(await client.ended).toMatchObject(ended);
    await expect(client.call('list')).rejects.toMatchObject(ended);
  });

  it.each(['not json\n', '[1]\n', `"${'x'.repeat(1024 * 1024)}`])(
    'ends when it hears what is no answer',
    async (said) => {
      const { held, client } = setUp();
      const list = client.call('list');
      list.catch(() => {});
      held.say(said);
      expect((await client.ended).code).toMatch(/DataLoss|ResourceExhausted/);
      await expect(list).rejects.toThrow();
    },
  );

  it('ends when an event lacks what it must have', async () => {
    const { held, client } = setUp();
    held.say('{"event":"started","container":"web"}\n');
    expect(await client.ended).toMatchObject({ code: 'DataLoss' });
  });

  it('has a bound on what waits and on how long a request is', async () => {
    const { client } = setUp();
    await expect(client.call('bundle', { files: { big: 'x'.repeat(1024 * 1024) } })).rejects.toMatchObject({
      code: 'InvalidArgument',
    });
    const calls = Array.from({ length: 257 }, () => client.call('list'));
    await expect(calls.at(-1)).rejects.toMatchObject({ code: 'ResourceExhausted' });
    client.dispose();
    const settled = await Promise.allSettled(calls);
    expect(settled.every(({ status }) => status === 'rejected')).toBe(true);
  });
});
