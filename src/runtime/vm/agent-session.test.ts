import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { concatBytes } from '../../base/bytes';
import { SandboxError } from '../../base/errors';
import { Emitter } from '../../base/events';
import { FakeClock, settle } from '../../base/fake-clock';
import { type AgentMessage, agentProtocolVersion, parseMessage, serializeMessage } from '../../formats/agent';
import { createPreamble, FrameParser } from '../../formats/agent-frame';
import { AgentSession } from './agent-session';

type Sent = Exclude<AgentMessage, { kind: 'hello' }>;

/** The guest's end of the stream, moved by hand: the real agent is in test/integration/agent.suite.ts. */
class Peer {
  readonly #received = new Emitter<Uint8Array>();
  readonly #drained = new Emitter<void>();
  #parser = new FrameParser();
  full = false;
  hellos: Extract<AgentMessage, { kind: 'hello' }>[] = [];
  messages: Sent[] = [];
  readonly transport = {
    received: this.#received.event,
    drained: this.#drained.event,
    send: (bytes: Uint8Array): boolean => {
      if (this.full) return false;
      this.#take(bytes);
      return true;
    },
  };

  get listeners(): number {
    return this.#received.listenerCount + this.#drained.listenerCount;
  }

  drain(): void {
    this.full = false;
    this.#drained.fire();
  }

  send(...messages: AgentMessage[]): void {
    this.#received.fire(concatBytes(messages.map(serializeMessage)));
  }

  sendBytes(bytes: Uint8Array): void {
    this.#received.fire(bytes);
  }

  /** Answers the last hello. */
  sayHello(changes: { version?: number; window?: number } = {}): void {
    const { nonce } = this.hellos.at(-1) ?? { nonce: new Uint8Array(16) };
    this.sendBytes(concatBytes([createPreamble(), serializeMessage({ ...announcement, nonce, ...changes })]));
  }

  kinds(): string[] {
    return this.messages.map((message) => message.kind);
  }

  #take(bytes: Uint8Array): void {
    const opens = bytes[0] === 0xff;
    if (opens) this.#parser = new FrameParser();
    this.#parser.push(bytes, (frame) => {
      const message = parseMessage(frame);
      if (message.kind === 'hello') this.hellos.push(message);
      else this.messages.push(message);
    });
  }
}

const announcement = {
  kind: 'hello',
  version: agentProtocolVersion,
  nonce: new Uint8Array(16),
  window: 65536,
  features: 0,
  bootId: 'b',
} as const;

describe('a session with the agent', () => {
  let clock: FakeClock;
  let peer: Peer;
  let session: AgentSession;
  let failure: SandboxError | undefined;

  beforeEach(() => {
    clock = new FakeClock();
    peer = new Peer();
    failure = undefined;
    session = new AgentSession(peer.transport, { clock, random: (count) => new Uint8Array(count).fill(42) });
    session.failures((error) => {
      failure = error;
    });
  });

  /** Whatever a test did, nothing may be left behind. */
  afterEach(() => {
    session.dispose();
    expect(peer.listeners).toBe(0);
    expect(clock.pending).toBe(0);
  });

  async function open(window = 65536): Promise<void> {
    const hello = session.hello(1000);
    peer.sayHello({ window });
    await hello;
  }

  function startProgram() {
    const process = session.exec({ argv: ['program'] });
    const exec = peer.messages.at(-1);
    return { process, stream: exec?.kind === 'exec' ? exec.stream : 0 };
  }

  it('begins when the agent answers with our nonce', async () => {
    const hello = session.hello(1000);
    peer.sayHello();
    expect(await hello).toMatchObject({ bootId: 'b', window: 65536 });
  });

  it('gives up when no hello comes in time', async () => {
    const hello = session.hello(1000);
    const result = expect(hello).rejects.toMatchObject({ code: 'Unavailable' });
    await clock.advance(1000);
    await result;
  });

  it('says hello again to an agent that has just started, and passes what is left of before', async () => {
    const hello = session.hello(1000);
    const stale = { ...announcement, nonce: new Uint8Array(16).fill(1) };
    peer.sendBytes(concatBytes([createPreamble(), serializeMessage(stale), new Uint8Array(99).fill(3)]));
    expect(peer.hellos).toHaveLength(1);
    peer.sendBytes(concatBytes([createPreamble(), serializeMessage(announcement)]));
    expect(peer.hellos).toHaveLength(2);
    peer.sayHello();
    await hello;
  });

  it('refuses an agent of another version in plain words', async () => {
    const hello = session.hello(1000);
    peer.sayHello({ version: 9 });
    await expect(hello).rejects.toMatchObject({
      code: 'FailedPrecondition',
      message: expect.stringContaining('version 9'),
    });
  });

  it('does nothing before the hello', () => {
    expect(() => session.exec({ argv: ['true'] })).toThrow(expect.objectContaining({ code: 'FailedPrecondition' }));
  });

  it('matches answers to requests, whatever their order', async () => {
    await open();
    const [first, second] = [session.ping(Uint8Array.of(1)), session.ping(Uint8Array.of(2))];
    peer.send(
      { kind: 'reply', stream: 2, bytes: Uint8Array.of(2) },
      { kind: 'reply', stream: 1, bytes: Uint8Array.of(1) },
    );
    expect([await first, await second]).toEqual([Uint8Array.of(1), Uint8Array.of(2)]);
  });

  it('turns a refusal into a typed error', async () => {
    await open();
    const stats = session.stats('nope');
    peer.send({ kind: 'error', stream: 1, errno: 2, text: 'nope: No such file or directory' });
    await expect(stats).rejects.toMatchObject({
      code: 'NotFound',
      message: expect.stringContaining('nope: No such file'),
    });
  });

  it('gives up on a request that is not answered, and ignores the answer that comes late', async () => {
    await open();
    const ping = expect(session.ping()).rejects.toMatchObject({ code: 'Unavailable' });
    await clock.advance(10_000);
    await ping;
    peer.send({ kind: 'reply', stream: 1, bytes: new Uint8Array(0) });
    expect(failure).toBeUndefined();
  });

  it('bounds the requests that wait', async () => {
    await open();
    const pings = Array.from({ length: 256 }, () => session.ping());
    for (const ping of pings) ping.catch(() => {});
    await expect(session.ping()).rejects.toMatchObject({ code: 'ResourceExhausted' });
  });

  it('bounds the messages that wait for a full transport', async () => {
    await open();
    const { process } = startProgram();
    peer.full = true;
    const flood = () => {
      for (let count = 0; count < 2000; count += 1) process.kill('SIGWINCH');
    };
    expect(flood).toThrow(expect.objectContaining({ code: 'ResourceExhausted' }));
  });

  it('sends nothing twice and nothing out of order when the transport fills up', async () => {
    await open();
    const { process } = startProgram();
    peer.full = true;
    for (const columns of [1, 2, 3]) process.resize({ columns, rows: 1 });
    peer.drain();
    const columns = peer.messages.flatMap((message) => (message.kind === 'resize' ? [message.size.columns] : []));
    expect(columns).toEqual([1, 2, 3]);
  });

  it('sends input no further than the agent has granted', async () => {
    await open(20_000);
    const { process, stream } = startProgram();
    const written = process.stdin.getWriter().write(new Uint8Array(30_000));
    await settle();
    expect(inputBytes(peer, stream)).toBe(20_000);
    peer.send({ kind: 'credit', stream, channel: 0, count: 15_000 });
    await written;
    expect(inputBytes(peer, stream)).toBe(30_000);
  });

  it('lets writers take turns', async () => {
    await open(1 << 20);
    const programs = [startProgram(), startProgram()];
    peer.full = true;
    for (const { process } of programs)
      void process.stdin
        .getWriter()
        .write(new Uint8Array(65536))
        .catch(() => {});
    await settle();
    peer.messages = [];
    peer.drain();
    const order = peer.messages.map((message) => ('stream' in message ? message.stream : 0));
    const [a, b] = [programs[0]?.stream, programs[1]?.stream];
    // The first was made before the other writer came.
    expect(order).toEqual([a, a, b, a, b, a, b, b]);
  });

  it('ends the input after what was written', async () => {
    await open();
    const { process, stream } = startProgram();
    const writer = process.stdin.getWriter();
    void writer.write(new Uint8Array(5));
    await writer.close();
    expect(peer.kinds()).toEqual(['exec', 'data', 'end']);
    expect(inputBytes(peer, stream)).toBe(5);
  });

  it('ends the input at once when it is aborted while it waits', async () => {
    await open(10);
    const { process } = startProgram();
    const writer = process.stdin.getWriter();
    writer.write(new Uint8Array(20)).catch(() => {});
    await settle();
    await writer.abort();
    expect(peer.kinds()).toEqual(['exec', 'data', 'end']);
  });

  it('grants credit as the reader reads, and not before', async () => {
    await open();
    const { process, stream } = startProgram();
    const piece = new Uint8Array(65536);
    for (let count = 0; count < 4; count += 1) peer.send({ kind: 'data', stream, channel: 1, bytes: piece });
    await settle();
    expect(peer.kinds()).toEqual(['exec']);
    const reader = process.stdout.getReader();
    await reader.read();
    await settle();
    expect(peer.messages.at(-1)).toEqual({ kind: 'credit', stream, channel: 1, count: 65536 });
  });

  it('fails when the agent sends more than it may', async () => {
    await open();
    const { process, stream } = startProgram();
    const piece = new Uint8Array(65536);
    for (let count = 0; count < 5; count += 1) peer.send({ kind: 'data', stream, channel: 1, bytes: piece });
    expect(failure?.code).toBe('DataLoss');
    await expect(process.exited).rejects.toMatchObject({ code: 'DataLoss' });
  });

  it('lets what a program wrote be read after its end', async () => {
    await open();
    const { process, stream } = startProgram();
    peer.send(
      { kind: 'data', stream, channel: 1, bytes: Uint8Array.of(1, 2) },
      { kind: 'end', stream, channel: 1 },
      { kind: 'end', stream, channel: 2 },
      { kind: 'exit', stream, code: 4, signal: 0, errno: 0 },
    );
    expect(await process.exited).toBe(4);
    const reader = process.stdout.getReader();
    expect((await reader.read()).value).toEqual(Uint8Array.of(1, 2));
    expect((await reader.read()).done).toBe(true);
    expect(session.processCount).toBe(0);
  });

  it('tells a death by signal as the shell does', async () => {
    await open();
    const { process, stream } = startProgram();
    peer.send({ kind: 'exit', stream, code: 0, signal: 9, errno: 0 });
    expect(await process.exited).toBe(137);
    await expect(process.stdin.getWriter().write(new Uint8Array(1))).rejects.toMatchObject({ code: 'Aborted' });
  });

  it('tells the agent when an output is not wanted', async () => {
    await open();
    const { process, stream } = startProgram();
    await process.stdout.cancel();
    expect(peer.messages.at(-1)).toEqual({ kind: 'close', stream, channel: 1 });
    peer.send({ kind: 'data', stream, channel: 1, bytes: new Uint8Array(10) });
    expect(failure).toBeUndefined();
  });

  it.each([
    {
      how: 'the transport closes',
      code: 'Aborted',
      end: () => session.transportClosed(new SandboxError('Aborted', 'The worker died')),
    },
    { how: 'it is disposed', code: 'Canceled', end: () => session.dispose() },
    { how: 'the stream is damaged', code: 'DataLoss', end: () => peer.sendBytes(new Uint8Array(64).fill(0x55)) },
    { how: 'the agent is restarted', code: 'Unavailable', end: () => peer.sendBytes(createPreamble()) },
    {
      how: 'the guest stops',
      code: 'Unavailable',
      end: () => peer.send({ kind: 'goodbye', power: 'power-off' }),
    },
    {
      how: 'the agent sends what only a host sends',
      code: 'DataLoss',
      end: () => peer.send({ kind: 'trim', stream: 1 }),
    },
  ])('leaves nothing hanging when $how', async ({ code, end }) => {
    await open(10);
    const { process } = startProgram();
    const waiting = [
      session.ping(),
      process.exited,
      process.stdin.getWriter().write(new Uint8Array(20)),
      process.stdout.getReader().read(),
      process.stderr.getReader().read(),
    ];
    for (const each of waiting) each.catch(() => {});
    await settle();
    end();
    const results = await Promise.allSettled(waiting);
    for (const result of results) expect(result).toMatchObject({ status: 'rejected', reason: { code } });
    expect(failure?.code).toBe(code);
    await expect(session.ping()).rejects.toMatchObject({ code });
  });

  it('hands on the guest’s last word', async () => {
    await open();
    const heard: string[] = [];
    session.goodbyes((power) => heard.push(power));
    peer.send({ kind: 'goodbye', power: 'reboot' });
    expect(heard).toEqual(['reboot']);
  });
});

function inputBytes(peer: Peer, stream: number): number {
  return peer.messages.reduce((sum, message) => {
    return message.kind === 'data' && message.stream === stream ? sum + message.bytes.length : sum;
  }, 0);
}
