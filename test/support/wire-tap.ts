import { type FrameSlab, SlabReader } from '../../src/formats/frame-slab';
import type { SlabMessage } from '../../src/rpc/slab-port';
import type { Station } from './node-wire';

/** Every frame of a slab, copied. */
export function framesOf(slab: FrameSlab): readonly Uint8Array<ArrayBuffer>[] {
  const frames = [];
  const reader = new SlabReader(slab);
  while (reader.next()) frames.push(reader.bytes.slice(reader.frameStart, reader.frameEnd));
  return frames;
}

/** Another end for a cable, past which every frame goes, both ways. */
export function tapPort(port: MessagePort, seen: (frame: Uint8Array<ArrayBuffer>) => void): MessagePort {
  const { port1, port2 } = new MessageChannel();
  for (const [from, to] of [
    [port, port1],
    [port1, port],
  ] as const) {
    from.onmessage = ({ data }: MessageEvent<SlabMessage>) => {
      if ('slab' in data) for (const frame of framesOf({ buffer: data.slab, bytes: data.bytes })) seen(frame);
      to.postMessage(data, 'slab' in data ? [data.slab] : 'taken' in data ? [...data.buffers] : []);
    };
    from.addEventListener('close', () => to.close());
  }
  return port2;
}

/** The same place on the wire, whose frames are seen. */
export function tapStation(station: Station, seen: (frame: Uint8Array<ArrayBuffer>) => void): Station {
  const { resources } = station;
  return {
    ...station,
    resources: {
      ...resources,
      attachNics: async () =>
        ((await resources.attachNics?.()) ?? []).map((nic) => ({ ...nic, port: tapPort(nic.port, seen) })),
    },
  };
}
