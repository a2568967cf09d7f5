/** A port as it is handed over, with what came for its owner while that one was held. */
export interface MovedPort<In> {
  readonly port: MessagePort;
  readonly missed: readonly In[];
}

/**
 * One port of a relay. A port that was once started cannot be stopped again, so while it is held its messages
 * are kept here; they are as many as the other end's window lets it send.
 */
export class RelayPort<In, Out> {
  readonly #port: MessagePort;
  readonly #onMessage: (message: In) => void;
  #missed: In[] = [];
  #held = false;

  constructor({ port, missed }: MovedPort<In>, onMessage: (message: In) => void) {
    this.#port = port;
    this.#onMessage = onMessage;
    this.#missed = [...missed];
    port.onmessage = ({ data }: MessageEvent<In>) => {
      if (this.#held) this.#missed.push(data);
      else onMessage(data);
    };
  }

  get held(): boolean {
    return this.#held;
  }

  hold(): void {
    this.#held = true;
  }

  /** Goes on, beginning with what came meanwhile. */
  release(): void {
    this.#held = false;
    const missed = this.#missed;
    this.#missed = [];
    for (const message of missed) this.#onMessage(message);
  }

  /** Gives the port away; it must be transferred in this very turn of the event loop. */
  detach(): MovedPort<In> {
    this.#port.onmessage = null;
    return { port: this.#port, missed: this.#missed };
  }

  post(message: Out, transfer: Transferable[] = []): void {
    this.#port.postMessage(message, transfer);
  }

  close(last?: Out): void {
    if (last !== undefined) this.#port.postMessage(last);
    this.#port.close();
  }
}
