import type { PullEvent, PushEvent } from '../../api/distribution';
import { createDeferred } from '../../base/deferred';
import type { WriteLine } from './json-lines';
import { layerMessage } from './layer-message';

/** The lines of a pull or a push, as its events come. */
export class LayerLines {
  readonly #write: WriteLine;
  readonly #last: RegExp;
  readonly #told = createDeferred<void>();
  #held: PullEvent | PushEvent | undefined;
  #begun = false;
  #behind = false;

  /** `last` knows the message that is said at the end. */
  constructor(write: WriteLine, last: RegExp) {
    this.#write = write;
    this.#last = last;
  }

  /** Resolves with that message: events come on a way of their own, and may be later than the result. */
  get told(): Promise<void> {
    return this.#told.promise;
  }

  /**
   * The first line is held until there is a second: an image that there is not is a failure with a status then, as docker
   * has it, and not a line. Progress may be left out when the client is behind, what became of a layer may not.
   */
  tell(event: PullEvent | PushEvent): void {
    if (!this.#begun && !this.#held) {
      this.#held = event;
      return;
    }
    this.#begun = true;
    if (this.#held) this.#write(layerMessage(this.#held));
    this.#held = undefined;
    const isProgress = event.kind === 'layer' && event.current !== undefined;
    if (!(isProgress && this.#behind)) this.#behind = !this.#write(layerMessage(event));
    if (event.kind === 'message' && this.#last.test(event.text)) this.#told.resolve();
  }
}
