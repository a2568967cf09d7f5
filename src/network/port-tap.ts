import { type FrameSlab, recordHeaderBytes } from '../formats/frame-slab';
import type { PortCapture } from './port-capture';
import type { PortSink } from './switch-port';

/** The way out of a port, past a capture if there is one. What the port refuses has not passed. */
export class PortTap implements PortSink {
  capture: PortCapture | undefined;
  readonly #sink: PortSink;

  constructor(sink: PortSink) {
    this.#sink = sink;
  }

  /** What comes in by the port, before anything is done with it. */
  receive(slab: FrameSlab): void {
    this.capture?.recordSlab('from', slab);
  }

  accepts(frames: number, bytes: number): boolean {
    return this.#sink.accepts(frames, bytes);
  }

  sendRecord(source: Uint8Array, start: number, frameBytes: number): boolean {
    if (!this.#sink.sendRecord(source, start, frameBytes)) return false;
    const frameStart = start + recordHeaderBytes;
    this.capture?.record('to', source.subarray(frameStart, frameStart + frameBytes));
    return true;
  }

  send(frame: Uint8Array): boolean {
    if (!this.#sink.send(frame)) return false;
    this.capture?.record('to', frame);
    return true;
  }

  /** Its buffer is gone once it is sent. */
  forward(slab: FrameSlab, frames: number): boolean {
    if (this.capture && this.#sink.accepts(frames, slab.bytes)) this.capture.recordSlab('to', slab);
    return this.#sink.forward(slab, frames);
  }
}
