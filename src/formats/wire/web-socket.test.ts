import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { concatBytes } from '../../base/bytes';
import { opcodes, serializeWebSocketFrame, type WebSocketFrame, WebSocketFrameReader } from './web-socket';

const limit = 200_000;
const bytes = (...values: number[]): Uint8Array<ArrayBuffer> => Uint8Array.from(values);
const payload = (max: number) => fc.uint8Array({ maxLength: max }).map((each) => new Uint8Array(each));

const frame: fc.Arbitrary<WebSocketFrame> = fc.oneof(
  fc.record({
    final: fc.boolean(),
    opcode: fc.constantFrom(opcodes.continuation, opcodes.text, opcodes.binary),
    payload: payload(1000),
  }),
  fc.record({
    final: fc.constant(true),
    opcode: fc.constantFrom(opcodes.close, opcodes.ping, opcodes.pong),
    payload: payload(125),
  }),
);

describe('WebSocket frames', () => {
  it('are read as they were written, however the bytes come', () => {
    fc.assert(
      fc.property(fc.array(frame, { maxLength: 5 }), fc.integer({ min: 1, max: 50 }), (frames, step) => {
        const wire = concatBytes(frames.map((each) => serializeWebSocketFrame(each)));
        const reader = new WebSocketFrameReader(limit);
        const read: WebSocketFrame[] = [];
        for (let at = 0; at < wire.length; at += step) read.push(...reader.push(wire.slice(at, at + step)));
        expect(read).toEqual(frames);
      }),
    );
  });

  it.each([125, 126, 65_535, 65_536])('of %i bytes have the length that the RFC says', (length) => {
    const wire = serializeWebSocketFrame({ final: true, opcode: 2, payload: new Uint8Array(length) });
    expect(new WebSocketFrameReader(limit).push(wire)).toMatchObject([{ payload: { length } }]);
    expect(wire.length).toBe(length + (length < 126 ? 2 : length <= 0xffff ? 4 : 10));
  });

  // RFC 6455, 5.7.
  it('look as in the examples of the RFC', () => {
    const hello = new TextEncoder().encode('Hello');
    expect([...serializeWebSocketFrame({ final: true, opcode: 1, payload: hello })]).toEqual([
      0x81, 0x05, 0x48, 0x65, 0x6c, 0x6c, 0x6f,
    ]);
    const masked = serializeWebSocketFrame({ final: true, opcode: 1, payload: hello }, bytes(0x37, 0xfa, 0x21, 0x3d));
    expect([...masked]).toEqual([0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58]);
  });

  it.each([
    ['with a reserved bit', bytes(0xc1, 0)],
    ['of an unknown kind', bytes(0x83, 0)],
    ['that is masked', bytes(0x81, 0x80, 1, 2, 3, 4)],
    ['of control that is cut', bytes(0x09, 0)],
    ['of control that is long', bytes(0x89, 126, 0, 126)],
    ['longer than is taken', bytes(0x82, 127, 0, 0, 0, 0, 1, 0, 0, 0)],
  ])('one %s is refused', (_, wire) => {
    expect(() => new WebSocketFrameReader(limit).push(wire)).toThrow(
      expect.objectContaining({ code: 'InvalidArgument' }),
    );
  });

  it('are read or refused, whatever comes (10,000 runs)', () => {
    fc.assert(
      fc.property(payload(64), (wire) => {
        try {
          new WebSocketFrameReader(limit).push(wire);
        } catch (error) {
          expect(error).toMatchObject({ code: 'InvalidArgument' });
        }
      }),
      { numRuns: 10_000 },
    );
  });
});
