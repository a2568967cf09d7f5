import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { concatBytes } from '../../base/bytes';
import { SandboxError } from '../../base/errors';
import { Emitter } from '../../base/events';
import { FakeClock, settle } from '../../base/fake-clock';
import { type AgentMessage, agentProtocolVersion, parseMessage, serializeMessage } from '../../formats/agent';
import { createPreamble, FrameParser, type FrameParserState } from '../../formats/agent-frame';
import { windowBytes } from '../../rpc/byte-stream';
import { AgentSession, type AgentSessionState } from './agent-session';
import { openExec } from './guest-process';

type Sent = Exclude<AgentMessage, { kind: 'hello' }>;

/** The guest's end of the stream, moved by hand: the real agent is in test/integration/agent.suite.ts. */
class Peer {
  readonly #received = new Emitter<Uint8Array<ArrayBuffer>>();
  readonly #drained = new Emitter<void>();
  #parser: FrameParser;
  full = false;
  hellos: Extract<AgentMessage, { kind: 'hello' }>[] = [];
  messages: Sent[] = [];
  readonly transport = {
    /** What it takes is with the guest at once. */
    pendingInput: new Uint8Array(0),
    received: this.#received.event,
    drained: this.#drained.event,
    send: (bytes: Uint8Array): boolean => {
      if (this.full) return false;
      this.#take(bytes);
      return true;
    },
  };

  /** `guest`: how far another peer has read. */
  constructor(guest?: FrameParserState) {
    this.#parser = new FrameParser(guest);
  }

  get parserState(): FrameParserState {
    return this.#parser.state;
  }

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

  sendBytes(bytes: Uint8Array<ArrayBuffer>): void {
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
    this.#parser.push(new Uint8Array(bytes), (frame) => {
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
    const { ports, process } = openExec(new AbortController().signal);
    const stream = session.exec({ argv: ['program'] }, ports);
    return { process, stream };
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
    const { ports } = openExec(new AbortController().signal);
    expect(() => session.exec({ argv: ['true'] }, ports)).toThrow(
      expect.objectContaining({ code: 'FailedPrecondition' }),
    );
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

  it('keeps the last size and each signal once while the transport is full', async () => {
    await open();
    const { process } = startProgram();
    peer.full = true;
    for (const columns of [1, 2, 3]) process.resize({ columns, rows: 1 });
    for (let count = 0; count < 2000; count += 1) process.kill('SIGWINCH');
    process.kill('SIGTERM');
    await turns();
    peer.drain();
    const heard = peer.messages.map((message) =>
      message.kind === 'resize' ? message.size.columns : message.kind === 'signal' ? message.signal : message.kind,
    );
    // The first was made before the transport turned out to be full.
    expect(heard).toEqual(['exec', 1, 3, 28, 15]);
  });

  it('sends input no further than the agent has granted', async () => {
    await open(20_000);
    const { process, stream } = startProgram();
    const written = process.stdin.getWriter().write(new Uint8Array(30_000));
    await until(() => inputBytes(peer, stream) > 0);
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
    await turns();
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
    await until(() => peer.kinds().includes('end'));
    expect(peer.kinds()).toEqual(['exec', 'data', 'end']);
    expect(inputBytes(peer, stream)).toBe(5);
  });

  it('ends the input at once when it is aborted while it waits', async () => {
    await open(10);
    const { process } = startProgram();
    const writer = process.stdin.getWriter();
    writer.write(new Uint8Array(1 << 20)).catch(() => {});
    await until(() => peer.kinds().includes('data'));
    await writer.abort();
    await until(() => peer.kinds().includes('end'));
    expect(peer.kinds()).toEqual(['exec', 'data', 'end']);
  });

  it('grants credit as the reader reads, and not before', async () => {
    await open();
    const { process, stream } = startProgram();
    const piece = new Uint8Array(65536);
    for (let count = 0; count < 8; count += 1) peer.send({ kind: 'data', stream, channel: 1, bytes: piece });
    await turns();
    expect(peer.kinds()).toEqual(['exec']);
    const reader = process.stdout.getReader();
    let got = 0;
    while (got < windowBytes) got += (await reader.read()).value?.length ?? 0;
    await until(() => granted(peer, stream) === windowBytes);
  });

  it('sends the first piece at once and joins what comes before the reader has taken it', async () => {
    await open();
    const { process, stream } = startProgram();
    const piece = (byte: number) => new Uint8Array(1000).fill(byte);
    const send = (byte: number) => peer.send({ kind: 'data', stream, channel: 1, bytes: piece(byte) });
    send(1);
    await settle();
    for (let byte = 2; byte < 12; byte += 1) send(byte);
    const reader = process.stdout.getReader();
    expect((await reader.read()).value).toEqual(piece(1));
    expect((await reader.read()).value).toEqual(concatBytes([2, 3, 4, 5, 6, 7, 8, 9, 10, 11].map(piece)));
  });

  it('fails when the agent sends more than it may', async () => {
    await open();
    const { process, stream } = startProgram();
    const piece = new Uint8Array(65536);
    for (let count = 0; count < 9; count += 1) peer.send({ kind: 'data', stream, channel: 1, bytes: piece });
    expect(failure?.code).toBe('DataLoss');
    await expect(process.exited).rejects.toMatchObject({ code: 'DataLoss' });
  });

  it('refuses a writer that sends more ahead than its window', async () => {
    await open(10);
    const { ports } = openExec(new AbortController().signal);
    const stdin = new MessageChannel();
    session.exec({ argv: ['program'] }, { ...ports, stdin: stdin.port2 });
    const refused = new Promise((resolve) => {
      stdin.port1.onmessage = ({ data }) => 'cancel' in data && resolve(data.cancel.code);
    });
    for (let count = 0; count < 10; count += 1) stdin.port1.postMessage(new Uint8Array(65536));
    expect(await refused).toBe('ResourceExhausted');
    expect(failure).toBeUndefined();
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
    await expect(process.stdin.getWriter().closed).rejects.toMatchObject({ code: 'Aborted' });
  });

  it('tells the agent when an output is not wanted', async () => {
    await open();
    const { process, stream } = startProgram();
    await process.stdout.cancel();
    await until(() => peer.kinds().includes('close'));
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
      process.stdin.getWriter().write(new Uint8Array(1 << 20)),
      process.stdout.getReader().read(),
      process.stderr.getReader().read(),
    ];
    for (const each of waiting) each.catch(() => {});
    await until(() => peer.kinds().includes('data'));
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

  describe('handed over', () => {
    /** Another session over another transport, as for a machine in another worker, with the ports of this one. */
    function resumeFrom(state: AgentSessionState): void {
      const ports = session.leave();
      peer = new Peer(peer.parserState);
      session = new AgentSession(peer.transport, { clock, random: () => new Uint8Array(16) }, state);
      session.failures((error) => {
        failure = error;
      });
      session.adopt(ports);
      session.release();
    }

    const move = (): void => resumeFrom(structuredClone(session.hold()));

    it('goes on in the middle of a message, and its process notices nothing', async () => {
      await open();
      const { process, stream } = startProgram();
      const message = serializeMessage({ kind: 'data', stream, channel: 1, bytes: Uint8Array.of(1, 2, 3) });
      peer.sendBytes(message.subarray(0, 13));
      move();
      peer.sendBytes(message.subarray(13));
      const reader = process.stdout.getReader();
      expect((await reader.read()).value).toEqual(Uint8Array.of(1, 2, 3));
      peer.send({ kind: 'exit', stream, code: 7, signal: 0, errno: 0 });
      expect(await process.exited).toBe(7);
      expect((await reader.read()).done).toBe(true);
    });

    it('sends what was not sent, once and in order', async () => {
      await open(20_000);
      const { process, stream } = startProgram();
      const writer = process.stdin.getWriter();
      const bytes = new Uint8Array(200_000).map((_, index) => index % 251);
      const written = writer.write(bytes);
      await until(() => inputBytes(peer, stream) === 20_000);
      const before = inputOf(peer, stream);
      peer.full = true;
      peer.send({ kind: 'credit', stream, channel: 0, count: 50_000 });
      move();
      peer.send({ kind: 'credit', stream, channel: 0, count: 200_000 });
      await written;
      await until(() => inputBytes(peer, stream) === 180_000);
      expect(concatBytes([before, inputOf(peer, stream)])).toEqual(bytes);
    });

    it('keeps what was granted: a reader is never flooded nor starved', async () => {
      await open();
      const { process, stream } = startProgram();
      const piece = new Uint8Array(65536);
      for (let count = 0; count < 8; count += 1) peer.send({ kind: 'data', stream, channel: 1, bytes: piece });
      await settle();
      move();
      const reader = process.stdout.getReader();
      let got = 0;
      while (got < windowBytes) got += (await reader.read()).value?.length ?? 0;
      await until(() => granted(peer, stream) === windowBytes);
      for (let count = 0; count < 9; count += 1) peer.send({ kind: 'data', stream, channel: 1, bytes: piece });
      expect(failure?.code).toBe('DataLoss');
    });

    it.each([{ elsewhere: false }, { elsewhere: true }])(
      'lets what comes meanwhile wait (goes on elsewhere: $elsewhere)',
      async ({ elsewhere }) => {
        await open();
        const { process, stream } = startProgram();
        const state = structuredClone(session.hold());
        peer.messages = [];
        process.kill('SIGHUP');
        await process.stdin.getWriter().write(Uint8Array.of(5));
        await turns();
        expect(peer.messages).toEqual([]);
        if (elsewhere) resumeFrom(state);
        else session.release();
        await until(() => peer.kinds().includes('signal') && inputBytes(peer, stream) === 1);
        expect(peer.messages).toHaveLength(2);
      },
    );

    it('rejects requests and programs that came too late', async () => {
      await open();
      const ping = session.ping();
      session.hold();
      const { process } = startProgram();
      session.leave();
      await expect(ping).rejects.toMatchObject({ code: 'Unavailable' });
      await expect(process.exited).rejects.toMatchObject({ code: 'Unavailable' });
      expect(failure).toBeUndefined();
    });

    it('holds a program whose page is gone, and lists it for the next, which goes on with it', async () => {
      await open();
      const { stream, process } = startProgram();
      peer.send({ kind: 'data', stream, channel: 1, bytes: new Uint8Array(65536) });
      await turns();
      const state = structuredClone(session.hold());
      session.leave();
      process.exited.catch(() => {});
      peer = new Peer(peer.parserState);
      session = new AgentSession(peer.transport, { clock, random: () => new Uint8Array(16) }, state);
      expect(session.processes()).toEqual([{ id: stream, argv: ['program'], running: true }]);
      const piece = new Uint8Array(65536).fill(9);
      // The rest of the window, and the program's end.
      for (let count = 0; count < 7; count += 1) peer.send({ kind: 'data', stream, channel: 1, bytes: piece });
      peer.send({ kind: 'exit', stream, code: 3, signal: 0, errno: 0 });
      await turns();
      expect(granted(peer, stream)).toBe(0);
      expect(session.processes()).toMatchObject([{ running: false }]);
      const again = openExec(new AbortController().signal);
      session.reattach(stream, again.ports);
      let got = 0;
      for await (const part of again.process.stdout) got += part.length;
      expect(got).toBe(7 * 65536);
      expect(await again.process.exited).toBe(3);
      expect(session.processes()).toEqual([]);
      expect(() => session.reattach(stream, openExec(new AbortController().signal).ports)).toThrow(
        expect.objectContaining({ code: 'NotFound' }),
      );
    });

    it('refuses a transport that cannot be handed over', async () => {
      await open();
      const { pendingInput: _, ...bare } = peer.transport;
      const other = new AgentSession(bare, { clock, random: (count) => new Uint8Array(count).fill(7) });
      const hello = other.hello(1000);
      peer.sayHello();
      await hello;
      expect(() => other.hold()).toThrow(expect.objectContaining({ code: 'FailedPrecondition' }));
      other.dispose();
    });
  });
});

/** Lets messages that are on their way between ports arrive. */
async function turns(): Promise<void> {
  for (let turn = 0; turn < 10; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

/** Waits for what messages between ports bring about; the test's own limit ends it. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}

function granted(peer: Peer, stream: number): number {
  return peer.messages.reduce((sum, message) => {
    return message.kind === 'credit' && message.stream === stream ? sum + message.count : sum;
  }, 0);
}

function inputOf(peer: Peer, stream: number): Uint8Array {
  return concatBytes(
    peer.messages.flatMap((message) => (message.kind === 'data' && message.stream === stream ? [message.bytes] : [])),
  );
}

function inputBytes(peer: Peer, stream: number): number {
  return inputOf(peer, stream).length;
}
