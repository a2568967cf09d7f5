import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/base/clock';
import { LwipStack } from '../../src/network/gateway/lwip-stack';
import type { TcpConnection } from '../../src/network/gateway/sockets';
import { SwitchService } from '../../src/network/switch-service';
import { createModuleHost } from '../../src/runtime/unikernel/hosted-module';
import { gatewayModule } from '../support/gateway-lab';

const random = (bytes: Uint8Array<ArrayBuffer>): void => void crypto.getRandomValues(bytes);

/** Two stations with the gateways' TCP/IP stack, on a switch, all in this thread. */
describe('the gateway’s sockets', () => {
  const stacks: LwipStack[] = [];
  afterEach(() => {
    for (const stack of stacks.splice(0)) stack.dispose();
  });

  async function pair(): Promise<readonly [LwipStack, LwipStack]> {
    const wire = new SwitchService();
    const host = createModuleHost({ clock: systemClock, random });
    const module = await gatewayModule();
    const make = (last: number): LwipStack => {
      const { port1, port2 } = new MessageChannel();
      wire.addPort({ id: `s${last}`, network: 'net', label: 'station', mtu: 1500, offload: false }, port1);
      const nic = { mac: `02:00:00:00:00:0${last}`, mtu: 1500, port: port2 };
      const stack = new LwipStack({
        host,
        module,
        nic,
        address: `10.0.0.${last}`,
        prefixLength: 24,
        clock: systemClock,
      });
      stacks.push(stack);
      return stack;
    };
    return [make(1), make(2)];
  }

  const to = { address: '10.0.0.2', port: 80 };

  const echo = (connection: TcpConnection): void =>
    void connection.readable.pipeTo(connection.writable).catch(() => {});

  async function send({ writable }: TcpConnection, text: string): Promise<void> {
    const writer = writable.getWriter();
    await writer.write(new TextEncoder().encode(text));
    await writer.close();
  }

  it('carry 254 connections at once, and leave nothing behind', async () => {
    const [client, server] = await pair();
    server.listen(80, echo);
    const connections = await Promise.all(Array.from({ length: 254 }, () => client.connect(to)));
    expect(client.connections).toBe(254);
    // The other end hears of them a moment later.
    await expect.poll(() => server.connections).toBe(254);
    const texts = await Promise.all(
      connections.map(async (connection, index) => {
        void send(connection, `number ${index}`);
        return new Response(connection.readable).text();
      }),
    );
    expect(texts).toEqual(connections.map((_, index) => `number ${index}`));
    await Promise.all(connections.map(({ closed }) => closed));
    expect([client.connections, server.connections]).toEqual([0, 0]);
  });

  it('say so when there are too many, and take new ones when there are not', async () => {
    const [client, server] = await pair();
    server.listen(80, echo);
    const connections: TcpConnection[] = [];
    let refusal: unknown;
    while (refusal === undefined && connections.length < 400) {
      const made = await Promise.allSettled(Array.from({ length: 8 }, () => client.connect(to)));
      for (const each of made) {
        if (each.status === 'fulfilled') connections.push(each.value);
        else refusal = each.reason;
      }
    }
    expect(refusal).toMatchObject({ code: expect.stringMatching(/ResourceExhausted|Unavailable/) });
    expect(connections.length).toBeGreaterThanOrEqual(254);
    for (const connection of connections) connection.abort();
    expect(client.connections).toBe(0);
    const again = await client.connect(to);
    void send(again, 'again');
    expect(await new Response(again.readable).text()).toBe('again');
  });

  it('hold a sender back while nobody reads, and lose nothing', async () => {
    const [client, server] = await pair();
    const accepted = new Promise<TcpConnection>((resolve) => server.listen(80, resolve));
    const connection = await client.connect(to);
    const slow = await accepted;
    const total = 3_000_000;
    let sent = 0;
    const sending = (async () => {
      const writer = connection.writable.getWriter();
      for (; sent < total; sent += 10_000) await writer.write(new Uint8Array(10_000).fill(sent / 10_000));
      await writer.close();
    })();
    // Until nothing moves any more: a ping of its own has gone there and back many times meanwhile.
    for (let before = -1; before !== sent; ) {
      before = sent;
      for (let turn = 0; turn < 200; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    }
    // A window at either end, and what was being written.
    expect(sent).toBeGreaterThan(0);
    expect(sent).toBeLessThan(300_000);
    let got = 0;
    let wrong = 0;
    for await (const chunk of slow.readable) {
      for (const [index, byte] of chunk.entries()) if (byte !== (Math.floor((got + index) / 10_000) & 255)) wrong += 1;
      got += chunk.length;
    }
    await sending;
    expect([got, wrong]).toEqual([total, 0]);
  });

  it('finish one side and then the other', async () => {
    const [client, server] = await pair();
    server.listen(80, async (connection) => {
      const heard = await new Response(connection.readable).text();
      await send(connection, `heard ${heard}`);
    });
    const connection = await client.connect(to);
    await send(connection, 'this');
    expect(await new Response(connection.readable).text()).toBe('heard this');
    await connection.closed;
  });

  it('tell a reset from an end, to readers and writers', async () => {
    const [client, server] = await pair();
    const accepted = new Promise<TcpConnection>((resolve) => server.listen(80, resolve));
    const connection = await client.connect(to);
    const reading = connection.readable.getReader().read();
    (await accepted).abort();
    await expect(reading).rejects.toMatchObject({ code: 'Unavailable', details: { reason: 'reset' } });
    await expect(connection.writable.getWriter().write(new Uint8Array(1))).rejects.toMatchObject({
      code: 'Unavailable',
    });
    expect(client.connections).toBe(0);
  });

  it('say why nobody is reached', async () => {
    const [client] = await pair();
    await expect(client.connect(to)).rejects.toMatchObject({ details: { reason: 'refused' } });
    const nobody = client.connect({ address: '10.0.0.99', port: 80 }, { timeoutMs: 50 });
    await expect(nobody).rejects.toMatchObject({ code: 'Unavailable', details: { reason: 'timeout' } });
    const abort = new AbortController();
    const canceled = client.connect({ address: '10.0.0.99', port: 80 }, { signal: abort.signal });
    abort.abort();
    await expect(canceled).rejects.toMatchObject({ code: 'Canceled' });
    await expect(client.connect({ address: '10.0.0.2', port: 0 })).rejects.toMatchObject({ code: 'InvalidArgument' });
    expect(client.connections).toBe(0);
  });

  it('do not bind a port twice, and give it back', async () => {
    const [stack] = await pair();
    const socket = stack.bindUdp(53);
    expect(() => stack.bindUdp(53)).toThrow('In use already: UDP port 53');
    socket.dispose();
    stack.bindUdp(53).dispose();
    const listener = stack.listen(80, echo);
    expect(() => stack.listen(80, echo)).toThrow('In use already: TCP port 80');
    listener.dispose();
    stack.listen(80, echo).dispose();
  });

  it('listen at a port again while connections of before are still there, and take them no further', async () => {
    const [client, server] = await pair();
    const listener = server.listen(80, echo);
    const [kept, ended] = await Promise.all([client.connect(to), client.connect(to)]);
    // Whoever ends first keeps the pair of ports for a while (TIME_WAIT): here that is the side that listens.
    const finishing = server.listen(81, ({ writable }) => void writable.close());
    const waiting = await client.connect({ ...to, port: 81 });
    expect(await new Response(waiting.readable).text()).toBe('');
    await waiting.writable.close();
    await waiting.closed;
    ended.abort();
    finishing.dispose();
    listener.dispose();
    await expect(client.connect(to)).rejects.toMatchObject({ details: { reason: 'refused' } });
    server.listen(80, echo);
    server.listen(81, echo);
    for (const connection of [kept, await client.connect(to), await client.connect({ ...to, port: 81 })]) {
      void send(connection, 'again');
      expect(await new Response(connection.readable).text()).toBe('again');
    }
  });

  it('listen at one port with one more for an address of its own, which comes first', async () => {
    const [client, server] = await pair();
    const say = (text: string) => (connection: TcpConnection) => void send(connection, text).catch(() => {});
    server.listen(80, say('any'));
    const own = server.listen(80, say('own'), to.address);
    server.listen(80, say('metadata'), '169.254.169.254');
    const ask = async (): Promise<string> => new Response((await client.connect(to)).readable).text();
    expect(await ask()).toBe('own');
    own.dispose();
    expect(await ask()).toBe('any');
  });

  it('listen at 256 ports, and say so when there are more', async () => {
    const [client, server] = await pair();
    const listeners = Array.from({ length: 256 }, (_, at) => server.listen(8000 + at, echo));
    expect(() => server.listen(80, echo)).toThrow(
      expect.objectContaining({ code: 'ResourceExhausted', message: 'The gateway has no room for TCP port 80' }),
    );
    const last = await client.connect({ ...to, port: 8255 });
    void send(last, 'the last');
    expect(await new Response(last.readable).text()).toBe('the last');
    listeners[0]?.dispose();
    server.listen(80, echo).dispose();
  });

  it('carry datagrams, those that need fragments too, and drop what is too long', async () => {
    const [left, right] = await pair();
    const [one, two] = [left.bindUdp(1000), right.bindUdp(2000)];
    two.received(({ from, to: own, bytes }) => two.send(bytes, from, own));
    const answer = new Promise<number>((resolve) => one.received(({ bytes }) => resolve(bytes.length)));
    expect(one.send(new Uint8Array(4000), { address: '10.0.0.2', port: 2000 }, '10.0.0.1')).toBe(true);
    expect(await answer).toBe(4000);
    expect(one.send(new Uint8Array(65_508), { address: '10.0.0.2', port: 2000 }, '10.0.0.1')).toBe(false);
  });

  it('fail all together when the stack is taken down', async () => {
    const [client, server] = await pair();
    server.listen(80, echo);
    const connection = await client.connect(to);
    const reading = connection.readable.getReader().read();
    const connecting = client.connect({ address: '10.0.0.99', port: 80 });
    client.dispose();
    await expect(reading).rejects.toMatchObject({ code: 'Canceled' });
    await expect(connecting).rejects.toMatchObject({ code: 'Canceled' });
    await expect(client.connect(to)).rejects.toMatchObject({ code: 'Canceled' });
    expect(() => client.bindUdp(1)).toThrow('taken down');
  });
});
