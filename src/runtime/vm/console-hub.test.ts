import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ConsoleDelivery, ConsoleHub, scrollbackBytes } from './console-hub';

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

function reading(hub: ConsoleHub) {
  const deliveries: ConsoleDelivery[] = [];
  const attachment = hub.attach((delivery) => deliveries.push(delivery));
  return {
    attachment,
    deliveries,
    text: () => deliveries.map(({ bytes }) => new TextDecoder().decode(bytes)).join(''),
    bytes: () => deliveries.reduce((sum, { bytes }) => sum + bytes.length, 0),
    skipped: () => deliveries.reduce((sum, { skipped }) => sum + skipped, 0),
  };
}

describe('the console hub', () => {
  it('replays the scrollback to who attaches later, then goes on', () => {
    const hub = new ConsoleHub();
    hub.write(encode('before '));
    const reader = reading(hub);
    hub.write(encode('after'));
    expect(reader.text()).toBe('before after');
  });

  it('keeps the scrollback when a reader leaves', () => {
    const hub = new ConsoleHub();
    const first = reading(hub);
    hub.write(encode('one'));
    first.attachment.dispose();
    hub.write(encode('two'));
    expect(first.text()).toBe('one');
    expect(reading(hub).text()).toBe('onetwo');
  });

  it('stops delivering while too much is unacknowledged, and loses nothing that still fits', () => {
    const hub = new ConsoleHub();
    const reader = reading(hub);
    const block = new Uint8Array(200 * 1024).fill(65);
    hub.write(block);
    hub.write(block);
    const before = reader.bytes();
    expect(before).toBeLessThan(400 * 1024);
    reader.attachment.acknowledge(before);
    expect(reader.bytes()).toBe(400 * 1024);
    expect(reader.skipped()).toBe(0);
  });

  it('tells a slow reader exactly how much it missed', () => {
    const hub = new ConsoleHub();
    const reader = reading(hub);
    const total = 5 * scrollbackBytes;
    for (let written = 0; written < total; written += 8192) hub.write(new Uint8Array(8192).fill(66));
    for (let round = 0; round < 100; round += 1) reader.attachment.acknowledge(64 * 1024);
    expect(reader.bytes() + reader.skipped()).toBe(total);
    expect(reader.skipped()).toBeGreaterThan(0);
  });

  it('adds what was lost on the way here to the next delivery', () => {
    const hub = new ConsoleHub();
    const reader = reading(hub);
    hub.skip(1000);
    hub.write(encode('x'));
    expect(reader.skipped()).toBe(1000);
  });

  it('gives every reader the same bytes however they were cut', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 5000 }), { maxLength: 40 }), (pieces) => {
        const hub = new ConsoleHub();
        const early = reading(hub);
        for (const piece of pieces) {
          hub.write(piece);
          early.attachment.acknowledge(piece.length);
        }
        const all = Buffer.concat(pieces);
        expect(Buffer.concat(early.deliveries.map(({ bytes }) => bytes))).toEqual(all);
        expect(Buffer.from(hub.snapshot())).toEqual(all.subarray(-scrollbackBytes));
      }),
    );
  });

  it('keeps the end of a write larger than the ring', () => {
    const hub = new ConsoleHub();
    const huge = new Uint8Array(scrollbackBytes + 10);
    huge.set(encode('the end'), huge.length - 7);
    hub.write(huge);
    expect(new TextDecoder().decode(hub.snapshot()).endsWith('the end')).toBe(true);
    expect(hub.snapshot().length).toBe(scrollbackBytes);
  });

  it('goes on at a copy of the hub where a reader was', () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(100_000), { maxLength: 12 }),
        fc.array(fc.nat(100_000), { maxLength: 12 }),
        fc.nat(400_000),
        (before, after, acknowledged) => {
          const hub = new ConsoleHub();
          const here = reading(hub);
          for (const length of before) hub.write(new Uint8Array(length));
          here.attachment.acknowledge(Math.min(acknowledged, here.bytes()));
          const copy = new ConsoleHub();
          copy.write(hub.snapshot());
          const deliveries: ConsoleDelivery[] = [];
          const reader = copy.attach((delivery) => deliveries.push(delivery), here.attachment.place);
          for (const length of after) copy.write(new Uint8Array(length));
          for (let round = 0; round < 50; round += 1) reader.acknowledge(256 * 1024);
          const got = (all: readonly ConsoleDelivery[]) =>
            all.reduce((sum, { bytes, skipped }) => sum + bytes.length + skipped, 0);
          const written = [...before, ...after].reduce((sum, length) => sum + length, 0);
          // What was lost last of all is told with the next delivery, of which there is one only if something came.
          if (deliveries.length > 0) expect(got(here.deliveries) + got(deliveries)).toBe(written);
        },
      ),
    );
  });
});
