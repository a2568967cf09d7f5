import { type BufferPool, SlabReader, SlabWriter } from '../formats/frame-slab';
import type { SwitchNetwork } from './switch-network';
import { isUnfinished, type SwitchPort } from './switch-port';

/** A copy of the frame at which the reader stands goes out at that port, or at all others than its own. */
export function deliverTo(
  network: SwitchNetwork,
  from: SwitchPort,
  to: SwitchPort | 'everybody',
  reader: SlabReader,
): void {
  if (to !== 'everybody') deliver(network, from, to, reader);
  else for (const port of network.ports) if (port !== from) flood(network, from, port, reader);
}

/** Sends a frame as who is behind the port would; the buffer that takes it there is of the pool. */
export function speakFor(
  network: SwitchNetwork,
  port: SwitchPort,
  to: SwitchPort | 'everybody',
  frame: Uint8Array,
  pool: BufferPool,
): void {
  const writer = new SlabWriter(pool);
  writer.append(frame);
  const slab = writer.take();
  const reader = new SlabReader(slab);
  reader.next();
  port.countReceived(1, frame.length);
  deliverTo(network, port, to, reader);
  pool.give(slab.buffer);
}

/** A frame for everybody wakes nobody, and does not wait for who sleeps. */
function flood(network: SwitchNetwork, from: SwitchPort, to: SwitchPort, reader: SlabReader): void {
  if (!to.sleeps) {
    deliver(network, from, to, reader);
    return;
  }
  network.copies += 1;
  network.lost += to.drop('asleep', 1);
}

function deliver(network: SwitchNetwork, from: SwitchPort, to: SwitchPort, reader: SlabReader): void {
  network.copies += 1;
  network.lost += to.deliver(from, reader.bytes, reader.start, reader.length, isUnfinished(reader));
}
