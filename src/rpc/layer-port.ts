import type { LayerIndex } from '../api/layer';
import { SandboxError } from '../base/errors';
import type { Disposable } from '../base/lifecycle';
import { LastingPort, type LastingPortOptions, type LastingPortState, serveLastingPort } from './lasting-port';

/**
 * A layer over one MessagePort, between a machine's worker and the store's: its index once, and ranges of its
 * uncompressed tar. Nothing of it ever changes, so whatever was asked may be asked again. Questions are answered as
 * they are done, in any order. Bytes travel in buffers that are transferred.
 */

/** Bytes of one range at most. */
export const layerRangeLimit = 4 * 1024 * 1024;

/** What a layer port leads to. */
export interface LayerTarget {
  index(): Promise<LayerIndex>;
  /** All bytes of the range, in a buffer of their own. `InvalidArgument` beyond the end. */
  read(start: number, end: number): Promise<Uint8Array<ArrayBuffer>>;
  /** The client has gone, by its own will or not. */
  close(): void;
}

type Question = { readonly type: 'index' } | { readonly type: 'read'; readonly start: number; readonly end: number };

/** The machine's end, which outlives the store's worker. Errors of every call: as of {@link LastingPort}. */
export class LayerPortClient implements Disposable {
  readonly #port: LastingPort<Question>;

  constructor(state: LastingPortState, options: LastingPortOptions = {}) {
    this.#port = new LastingPort({ what: 'layer' }, state, options);
  }

  async index(): Promise<LayerIndex> {
    return (await this.#port.ask({ type: 'index' })) as LayerIndex;
  }

  async read(start: number, end: number): Promise<Uint8Array<ArrayBuffer>> {
    const bytes = (await this.#port.ask({ type: 'read', start, end })) as Uint8Array<ArrayBuffer>;
    if (bytes.length === end - start) return bytes;
    throw new SandboxError('DataLoss', `A layer's bytes from ${start} on are not ${end - start}`);
  }

  /** As `LastingPort.renew`. */
  renew(port: MessagePort): void {
    this.#port.renew(port);
  }

  /** The layer is lost for good. */
  fail(error: SandboxError): void {
    this.#port.fail(error);
  }

  /** As `LastingPort.handOver`. */
  handOver(): LastingPortState {
    return this.#port.handOver();
  }

  dispose(): void {
    this.#port.dispose();
  }
}

/** The store's end: serves the layer until the client closes it, or is known to have died. */
export function serveLayerPort(port: MessagePort, target: LayerTarget): void {
  serveLastingPort(port, 'layer', {
    answer: async (question) => {
      const value = await perform(target, question as unknown as Question);
      return { value, moves: value instanceof Uint8Array ? [value.buffer] : [] };
    },
    close: () => target.close(),
  });
}

async function perform(target: LayerTarget, question: Question): Promise<LayerIndex | Uint8Array<ArrayBuffer>> {
  switch (question.type) {
    case 'index':
      return target.index();
    case 'read': {
      const { start, end } = question;
      const valid = Number.isSafeInteger(start) && Number.isSafeInteger(end) && 0 <= start && start <= end;
      if (valid && end - start <= layerRangeLimit) return target.read(start, end);
      throw new SandboxError('InvalidArgument', `Not a range of at most ${layerRangeLimit} bytes: ${start} to ${end}`);
    }
    default:
      throw new SandboxError('InvalidArgument', 'No such question about a layer');
  }
}
