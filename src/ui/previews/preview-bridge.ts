import { toHex } from '../../base/bytes';
import type { Clock } from '../../base/clock';
import { SandboxError } from '../../base/errors';
import { type Disposable, DisposableStore, toDisposable } from '../../base/lifecycle';
import { type AppToBridge, type BridgeToApp, bridgePath } from '../../preview/messages';

export interface BridgeOptions {
  /** Of the preview, as `preview-origin.ts` has it. */
  readonly origin: string;
  /** Serves the preview on a port, until it is ended. */
  readonly serve: (port: MessagePort) => Disposable;
  readonly clock: Clock;
}

/** How long a preview origin may take to be ready; one that cannot be reached says nothing at all. */
const readyMs = 8000;

/**
 * The page's side of a preview origin: a frame that is never seen, by which the service worker there gets its port.
 * Whoever the frame may have become, it gets a port to what its origin shows and nothing else.
 */
export class PreviewBridge implements Disposable {
  readonly #options: BridgeOptions;
  readonly #nonce = toHex(crypto.getRandomValues(new Uint8Array(16)));
  readonly #frame = document.createElement('iframe');
  readonly #disposables = new DisposableStore();
  #served: Disposable | undefined;

  /** Resolves once pages of the origin can be shown. `Unavailable` says why they cannot. */
  readonly ready: Promise<void>;

  constructor(options: BridgeOptions) {
    this.#options = options;
    this.ready = this.#open();
    this.ready.catch(() => {});
  }

  dispose(): void {
    this.#disposables.dispose();
    this.#served?.dispose();
    this.#frame.remove();
  }

  async #open(): Promise<void> {
    const frame = this.#frame;
    frame.hidden = true;
    frame.title = '';
    frame.tabIndex = -1;
    frame.ariaHidden = 'true';
    frame.setAttribute('sandbox', 'allow-scripts allow-same-origin');
    frame.src = `${this.#options.origin}${bridgePath}#${this.#nonce}`;
    frame.addEventListener('load', () => this.#give());
    await new Promise<void>((resolve, reject) => {
      const late = new SandboxError('Unavailable', 'The preview origin does not answer', {
        details: { reason: 'timeout' },
      });
      const timer = this.#disposables.add(this.#options.clock.after(readyMs, () => reject(late)));
      const hear = ({ source, origin, data }: MessageEvent<Partial<BridgeToApp> | null>): void => {
        if (source !== frame.contentWindow || origin !== this.#options.origin) return;
        if (data?.kind !== 'strata-preview' || data.nonce !== this.#nonce) return;
        timer.dispose();
        if (data.state === 'wanted') this.#give();
        else if (data.state === 'ready') resolve();
        else
          reject(new SandboxError('Unavailable', String(data.message ?? 'The preview origin refused').slice(0, 200)));
      };
      window.addEventListener('message', hear);
      this.#disposables.add(toDisposable(() => window.removeEventListener('message', hear)));
      document.body.append(frame);
    });
  }

  /** One port at a time: an earlier one is of no use to anybody any more. */
  #give(): void {
    this.#served?.dispose();
    const { port1, port2 } = new MessageChannel();
    this.#served = this.#options.serve(port1);
    const message: AppToBridge = { kind: 'strata-preview-port', nonce: this.#nonce };
    this.#frame.contentWindow?.postMessage(message, this.#options.origin, [port2]);
  }
}
