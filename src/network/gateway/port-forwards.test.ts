import { expect, test } from 'vitest';
import { createDeferred } from '../../base/deferred';
import { SandboxError } from '../../base/errors';
import { toDisposable } from '../../base/lifecycle';
import { type PortForward, PortForwards, type PortForwardsOptions } from './port-forwards';
import type { TcpConnection } from './sockets';

const web: PortForward = { port: 8080, network: 'front', to: { address: '10.0.0.7', port: 80 } };

/** Both ends of a connection that is made without a network. */
function connectionPair(): readonly [TcpConnection, TcpConnection] {
  const [there, back] = [
    new TransformStream<Uint8Array<ArrayBuffer>>(),
    new TransformStream<Uint8Array<ArrayBuffer>>(),
  ];
  const end = (readable: TcpConnection['readable'], writable: WritableStream): TcpConnection => {
    const closed = createDeferred<void>();
    const abort = (): void => {
      closed.resolve();
      if (!writable.locked) void writable.abort();
    };
    return { remote: { address: '10.1.0.9', port: 40_000 }, readable, writable, closed: closed.promise, abort };
  };
  return [end(there.readable, back.writable), end(back.readable, there.writable)];
}

/** Listeners by port, and how a station connects. */
function scriptedSockets() {
  const listeners = new Map<number, (connection: TcpConnection) => void>();
  const sockets: PortForwardsOptions['sockets'] = {
    listen(port, accept, address) {
      expect(address).toBe('10.1.0.1');
      if (listeners.has(port)) throw new SandboxError('AlreadyExists', `In use already: TCP port ${port}`);
      listeners.set(port, accept);
      return toDisposable(() => listeners.delete(port));
    },
  };
  const dial = (port: number): TcpConnection & { readonly gone: Promise<void> } => {
    const [accepted, station] = connectionPair();
    listeners.get(port)?.(accepted);
    return Object.assign(station, { gone: accepted.closed });
  };
  return { sockets, listeners, dial };
}

function createForwards(
  connect: PortForwardsOptions['connect'],
  report: (error: unknown) => void = (error) => expect.unreachable(String(error)),
) {
  const scripted = scriptedSockets();
  const forwards = new PortForwards({ sockets: scripted.sockets, address: '10.1.0.1', connect, report });
  const follow = (wanted: readonly PortForward[]): void => {
    forwards.keep(wanted);
    forwards.open(wanted);
  };
  return { ...scripted, forwards, follow };
}

/** A station that answers with what it hears. */
const echo: PortForwardsOptions['connect'] = async () => {
  const [ours, theirs] = connectionPair();
  theirs.readable.pipeTo(theirs.writable).catch(() => {});
  return ours;
};

async function say({ readable, writable }: TcpConnection, text: string): Promise<string> {
  const send = async (): Promise<void> => {
    const writer = writable.getWriter();
    await writer.write(new TextEncoder().encode(text));
    await writer.close();
  };
  const [answer] = await Promise.all([new Response(readable).text(), send()]);
  return answer;
}

test('a connection goes to the station, with its end in either direction', async () => {
  const asked: unknown[] = [];
  const { follow, dial } = createForwards((network, to, options) => {
    asked.push([network, to]);
    return echo(network, to, options);
  });
  follow([web]);
  expect(await say(dial(8080), 'hello')).toBe('hello');
  expect(asked).toEqual([['front', { address: '10.0.0.7', port: 80 }]]);
});

test('what cannot be reached is a reset', async () => {
  const { follow, dial } = createForwards(() => Promise.reject(new SandboxError('Unavailable', 'refused')));
  follow([web]);
  await dial(8080).gone;
});

test('a port that leads there no more takes its connections with it, and those on their way', async () => {
  const waiting = createDeferred<AbortSignal | undefined>();
  const { follow, dial, listeners } = createForwards((network, to, options) => {
    if (to.port === 80) return echo(network, to, options);
    waiting.resolve(options.signal);
    return new Promise((_, reject) => options.signal?.addEventListener('abort', () => reject(options.signal?.reason)));
  });
  const other = { ...web, port: 9000, to: { ...web.to, port: 81 } };
  follow([web, other]);
  const open = dial(8080);
  await open.writable.getWriter().write(new Uint8Array(1));
  const reader = open.readable.getReader();
  expect((await reader.read()).value).toHaveLength(1);
  const late = dial(9000);
  await waiting.promise;
  follow([{ ...web, to: { ...web.to, address: '10.0.0.8' } }]);
  expect([...listeners.keys()]).toEqual([8080]);
  await expect(reader.read()).rejects.toThrow();
  await late.gone;
});

test('what stays as it is keeps its connections', async () => {
  const { follow, dial } = createForwards(echo);
  follow([web]);
  const open = dial(8080);
  follow([{ ...web }, { ...web, port: 9000 }]);
  expect(await say(open, 'still')).toBe('still');
});

test('a port that cannot be had is told of, and had when it is free', () => {
  const told: unknown[] = [];
  const { follow, listeners } = createForwards(echo, (error) => told.push(error));
  listeners.set(8080, () => expect.unreachable('nobody connects'));
  follow([web, { ...web, port: 9000 }]);
  expect(told).toMatchObject([{ code: 'AlreadyExists' }]);
  listeners.delete(8080);
  follow([web, { ...web, port: 9000 }]);
  expect([...listeners.keys()].sort()).toEqual([8080, 9000]);
});

test('there are 128 connections at one time, and room again when one has ended', async () => {
  const { follow, dial } = createForwards(echo);
  follow([web]);
  const all = Array.from({ length: 128 }, () => dial(8080));
  await dial(8080).gone;
  for (const each of all) expect(await say(each, 'x')).toBe('x');
  await expect.poll(() => say(dial(8080), 'y').catch(() => '')).toBe('y');
});
