import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { concatBytes } from '../base/bytes';
import { SandboxError } from '../base/errors';
import { type AgentMessage, parseMessage, serializeMessage } from './agent';
import { createPreamble, FrameParser, type FrameType, frameTypes, maxPayload } from './agent-frame';
import { arbitraryMessage } from './agent-message-fixture';
import { type AgentStats, parseStats, serializeStats } from './agent-stats';

const hello: AgentMessage = {
  kind: 'hello',
  version: 1,
  nonce: new Uint8Array(16).fill(7),
  window: 65536,
  features: 0,
  bootId: 'boot',
};
const opening = concatBytes([createPreamble(), serializeMessage(hello)]);

/** Parses a stream cut at the given places; what throws is thrown. */
function parseAll(parser: FrameParser, stream: Uint8Array<ArrayBuffer>, cuts: readonly number[] = []): AgentMessage[] {
  const messages: AgentMessage[] = [];
  const edges = [0, ...cuts.map((cut) => cut % (stream.length + 1)).sort((a, b) => a - b), stream.length];
  for (let index = 1; index < edges.length; index += 1) {
    const piece = stream.subarray(edges[index - 1], edges[index]);
    parser.push(piece, (frame) => messages.push(parseMessage(frame)));
  }
  return messages;
}

function syncedParser(): FrameParser {
  const parser = new FrameParser();
  expect(parseAll(parser, opening)).toEqual([hello]);
  return parser;
}

describe('messages of the agent', () => {
  it('are read as they were written, however the stream is cut', () => {
    const cuts = fc.array(fc.nat(), { maxLength: 20 });
    fc.assert(
      fc.property(fc.array(arbitraryMessage, { maxLength: 8 }), cuts, (messages, places) => {
        const stream = concatBytes([opening, ...messages.map(serializeMessage)]);
        expect(parseAll(new FrameParser(), stream, places)).toEqual([hello, ...messages]);
      }),
    );
  });

  it('are read from one byte at a time', () => {
    const messages: AgentMessage[] = [
      { kind: 'data', stream: 3, channel: 1, bytes: new Uint8Array(50).fill(0xff) },
      hello,
    ];
    const stream = concatBytes(messages.map(serializeMessage));
    const parser = syncedParser();
    const seen: AgentMessage[] = [];
    for (const byte of stream) seen.push(...parseAll(parser, Uint8Array.of(byte)));
    expect(seen).toEqual(messages);
  });

  it('carry the largest payload and refuse a larger one', () => {
    const bytes = new Uint8Array(maxPayload).fill(1);
    const message: AgentMessage = { kind: 'data', stream: 1, channel: 0, bytes };
    expect(parseAll(syncedParser(), serializeMessage(message))).toEqual([message]);
    const larger = { ...message, bytes: new Uint8Array(maxPayload + 1) };
    expect(() => serializeMessage(larger)).toThrow(expect.objectContaining({ code: 'InvalidArgument' }));
  });

  it.each([
    { what: 'a zero in an argument', argv: ['a\0b'] },
    { what: 'an argument longer than a string can be', argv: ['x'.repeat(65536)] },
    { what: 'more arguments than a message holds', argv: new Array(40000).fill('x') },
  ])('refuse $what', ({ argv }) => {
    const program = { argv, env: [], cwd: '', uid: 0, gid: 0 };
    expect(() => serializeMessage({ kind: 'exec', stream: 1, program })).toThrow(SandboxError);
  });

  it('refuse a MAC, a prefix and a gateway that make no sense', () => {
    const network = { up: true, addresses: [], routes: [] };
    const address = { address: '10.0.0.1', prefix: 33 };
    const route = { destination: { address: '::', prefix: 0 }, gateway: '10.0.0.1' };
    for (const bad of [{ mac: new Uint8Array(5) }, { addresses: [address] }, { routes: [route] }]) {
      expect(() => serializeMessage({ kind: 'network', stream: 1, network: { ...network, ...bad } })).toThrow(
        SandboxError,
      );
    }
  });

  it('never fail but by a typed error, whatever the payload', () => {
    const types = fc.constantFrom<FrameType>(...Object.values(frameTypes));
    fc.assert(
      fc.property(types, fc.nat(255), fc.uint8Array({ maxLength: 300 }), (type, channel, payload) => {
        try {
          parseMessage({ type, channel, stream: 1, payload: new Uint8Array(payload) });
        } catch (error) {
          expect(error).toBeInstanceOf(SandboxError);
        }
      }),
      { numRuns: 1000 },
    );
  });
});

describe('the parser of the agent’s stream', () => {
  it('says nothing before it has found a hello', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 2000 }), fc.array(fc.nat()), (garbage, cuts) => {
        const parser = new FrameParser();
        expect(parseAll(parser, garbage, cuts)).toEqual([]);
        expect(parseAll(parser, opening)).toEqual([hello]);
      }),
    );
  });

  it('finds a hello after any message that was cut anywhere', () => {
    const cut = fc.nat({ max: 5000 });
    fc.assert(
      fc.property(arbitraryMessage, cut, (message, place) => {
        const whole = serializeMessage(message);
        const parser = syncedParser();
        parseAll(parser, whole.subarray(0, 1 + (place % (whole.length - 1))));
        // Told once, as the damage it is, and then it goes on.
        expect(() => parseAll(parser, opening)).toThrow(expect.objectContaining({ code: 'DataLoss' }));
        expect(parseAll(parser, new Uint8Array(0))).toEqual([hello]);
      }),
    );
  });

  it('is not led astray by a magic inside a message', () => {
    const message: AgentMessage = { kind: 'data', stream: 1, channel: 1, bytes: opening.slice(1000) };
    expect(parseAll(syncedParser(), serializeMessage({ ...message, bytes: message.bytes.slice(-60000) }))).toHaveLength(
      1,
    );
  });

  it('passes a magic that no hello follows', () => {
    const fake = concatBytes([createPreamble(), serializeMessage({ kind: 'trim', stream: 1 })]);
    expect(parseAll(new FrameParser(), concatBytes([fake, opening]))).toEqual([hello]);
  });

  it('tells an agent that began anew from damage', () => {
    const restarted = expect.objectContaining({ code: 'DataLoss', details: { restarted: true } });
    expect(() => parseAll(syncedParser(), opening)).toThrow(restarted);
    const damaged = expect.objectContaining({ code: 'DataLoss', details: { restarted: false } });
    expect(() => parseAll(syncedParser(), new Uint8Array(20).fill(0x55))).toThrow(damaged);
  });

  it('never fails but by a typed error, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 500 }), (garbage) => {
        try {
          parseAll(syncedParser(), garbage);
        } catch (error) {
          expect(error).toBeInstanceOf(SandboxError);
        }
      }),
      { numRuns: 300 },
    );
  });
});

describe('the agent’s counters', () => {
  const count = fc.maxSafeNat();
  const machine = {
    cpuMicros: count,
    memoryTotal: count,
    memoryAvailable: count,
    rxBytes: count,
    txBytes: count,
    rxPackets: count,
    txPackets: count,
    readBytes: count,
    writtenBytes: count,
    processes: count,
  };
  const cgroup = fc.record({
    cpuMicros: count,
    memoryUsed: count,
    memoryLimit: fc.oneof(count, fc.constant(Number.POSITIVE_INFINITY)),
    processes: count,
    readBytes: count,
    writtenBytes: count,
  });

  it('are read as they were written', () => {
    const stats: fc.Arbitrary<AgentStats> = fc.oneof(fc.record(machine), fc.record({ ...machine, cgroup }));
    fc.assert(
      fc.property(stats, (each) => {
        expect(parseStats(serializeStats(each))).toEqual(each);
      }),
    );
  });

  it('refuse a reply of another length', () => {
    expect(() => parseStats(new Uint8Array(79))).toThrow(expect.objectContaining({ code: 'DataLoss' }));
    expect(() => parseStats(new Uint8Array(88))).toThrow(expect.objectContaining({ code: 'DataLoss' }));
  });
});
