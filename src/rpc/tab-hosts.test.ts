import { describe, expect, it } from 'vitest';
import { createDeferred, type Deferred } from '../base/deferred';
import { SandboxError } from '../base/errors';
import { Emitter } from '../base/events';
import { TabBroker } from './tab-broker';
import { TabHosts } from './tab-hosts';

function setUp() {
  const endings = new Map<string, Deferred<void>>();
  const ended = (tab: string): Deferred<void> => {
    const known = endings.get(tab) ?? createDeferred<void>();
    endings.set(tab, known);
    return known;
  };
  const broker = new TabBroker({ gone: (tab) => ended(tab).promise });
  const open = (id: string) => {
    const { port1, port2 } = new MessageChannel();
    broker.connect(port2);
    const workers: { name: string; port: MessagePort; failed: Emitter<SandboxError>; terminated: boolean }[] = [];
    const hosts = new TabHosts({
      port: port1,
      id,
      label: `Tab ${id}`,
      ready: Promise.resolve(),
      start: (name, port) => {
        const worker = { name, port, failed: new Emitter<SandboxError>(), terminated: false };
        port.onmessage = ({ data }) => port.postMessage(`${name} got ${data}`);
        workers.push(worker);
        return {
          failed: worker.failed.event,
          terminate: () => {
            worker.terminated = true;
          },
        };
      },
    });
    return { hosts, workers };
  };
  return { open, close: (tab: string) => ended(tab).resolve() };
}

async function twoTabs() {
  const { open, close } = setUp();
  const [owner, host] = [open('a'), open('b')];
  host.hosts.setHosting(true);
  await expect.poll(() => owner.hosts.hosts.map(({ id }) => id)).toEqual(['b']);
  return { owner, host, close };
}

describe('tabs that run workers for each other', () => {
  it('know who takes machines', async () => {
    const { owner, host } = await twoTabs();
    expect(host.hosts.hosts).toEqual([]);
    host.hosts.setHosting(false);
    await expect.poll(() => owner.hosts.hosts).toEqual([]);
    expect(() => owner.hosts.spawnOn('b')('vm-1')).toThrow('The tab b is not there any more');
  });

  it('start a worker over there that talks as if it were here', async () => {
    const { owner } = await twoTabs();
    const { port } = owner.hosts.spawnOn('b')('vm-1');
    const answer = new Promise((resolve) => {
      port.onmessage = ({ data }) => resolve(data);
    });
    port.postMessage('hello');
    expect(await answer).toBe('a/vm-1 got hello');
    port.close();
  });

  it('end it from here', async () => {
    const { owner, host } = await twoTabs();
    const worker = owner.hosts.spawnOn('b')('vm-1');
    await expect.poll(() => host.workers.length).toBe(1);
    worker.terminate();
    await expect.poll(() => host.workers[0]?.terminated).toBe(true);
  });

  it('hear of its failure with the reason', async () => {
    const { owner, host } = await twoTabs();
    const worker = owner.hosts.spawnOn('b')('vm-1');
    const failure = new Promise((resolve) => worker.failed(resolve));
    await expect.poll(() => host.workers.length).toBe(1);
    host.workers[0]?.failed.fire(new SandboxError('ResourceExhausted', 'Out of memory'));
    expect(await failure).toMatchObject({ code: 'ResourceExhausted', message: 'Out of memory' });
  });

  it('lose the workers of a tab that was closed', async () => {
    const { owner, close } = await twoTabs();
    const worker = owner.hosts.spawnOn('b')('vm-1');
    const failure = new Promise((resolve) => worker.failed(resolve));
    close('b');
    expect(await failure).toMatchObject({ code: 'Unavailable' });
    expect(owner.hosts.hosts).toEqual([]);
  });

  it('end the workers of an owner that was closed', async () => {
    const { owner, host, close } = await twoTabs();
    owner.hosts.spawnOn('b')('vm-1');
    await expect.poll(() => host.workers.length).toBe(1);
    close('a');
    await expect.poll(() => host.workers[0]?.terminated).toBe(true);
  });
});
