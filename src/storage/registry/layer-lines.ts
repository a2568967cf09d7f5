import type { LayerEvent, PullStatus, PushStatus } from '../../api/distribution';
import type { Clock } from '../../base/clock';
import { digestHex } from '../../formats/digest';
import type { Descriptor } from '../../formats/oci';

/** How often the bytes of one layer are told, milliseconds: more than eyes see would only keep the page busy. */
const intervalMs = 100;

/** What is told of layers, one line for each. */
export class LayerLines<Status extends PullStatus | PushStatus> {
  readonly #clock: Clock;
  readonly #emit: (event: LayerEvent<Status>) => void;
  readonly #last = new Map<string, { readonly status: Status; readonly at: number }>();

  constructor(clock: Clock, emit: ((event: LayerEvent<Status>) => void) | undefined) {
    this.#clock = clock;
    this.#emit = emit ?? (() => undefined);
  }

  /** A change of status is told at once, bytes at intervals and at their end. */
  update({ digest }: Descriptor, status: Status, current?: number, total?: number): void {
    const id = digestHex(digest).slice(0, 12);
    const at = this.#clock.monotonic();
    const last = this.#last.get(id);
    if (last?.status === status && at - last.at < intervalMs && current !== total) return;
    this.#last.set(id, { status, at });
    this.#emit({
      kind: 'layer',
      id,
      digest,
      status,
      ...(current !== undefined && { current }),
      ...(total !== undefined && { total }),
    });
  }
}
