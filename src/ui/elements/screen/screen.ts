import { css, html, nothing } from 'lit';
import type { Instance } from '../../../api/instance';
import type { ScreenAttachment, ScreenUpdate } from '../../../api/screen';
import { define, StrataElement } from '../../strata-element';
import { baseStyles, buttonStyles } from '../../styles/base';
import { machineWords } from '../../text/machine-words';
import { PressedKeys } from './pressed-keys';
import { ScreenText } from './screen-text';
import { TextPicture } from './text-picture';

/** Where pictures come from and keys go to. */
export type ScreenSource = Required<Pick<Instance, 'attachScreen'>>;

/** Pixels of a wheel's turn that are one notch. */
const notchPixels = 100;

/**
 * A machine's screen, keyboard and mouse. It is looked at only while it is in the page and the page can be seen. While the
 * screen has the focus every key that a PC has is the machine's, but for the chord that leaves it, as in a terminal.
 */
export class ScreenElement extends StrataElement {
  static override properties = {
    source: { attribute: false },
    label: { attribute: false },
    size: { state: true },
    said: { state: true },
  };
  declare source: ScreenSource | undefined;
  declare label: string;
  /** Of the picture; undefined before there is one. */
  declare private size: { readonly width: number; readonly height: number } | undefined;
  /** What was done, for people who do not see it. */
  declare private said: string;

  static override styles = [
    baseStyles,
    buttonStyles,
    css`
      :host {
        display: flex;
        flex: 1;
        flex-direction: column;
        min-height: 0;
        background: #000;
      }
      .stage {
        display: grid;
        flex: 1;
        place-items: center;
        min-height: 0;
        padding: var(--s1);
        overflow: auto;
      }
      canvas {
        max-width: 100%;
        max-height: 100%;
        image-rendering: pixelated;
        touch-action: none;
      }
      canvas.small {
        width: 200%;
        max-width: 640px;
      }
      canvas:focus-visible {
        outline: 3px solid var(--accent);
        outline-offset: 2px;
      }
      .bar {
        display: flex;
        flex: none;
        flex-wrap: wrap;
        align-items: center;
        gap: var(--s1);
        padding: var(--s1);
        border-top: 1px solid var(--line);
        background: var(--raised);
      }
      .bar p {
        flex: 1;
        min-width: 200px;
        color: var(--muted);
        font-size: var(--t0);
      }
    `,
  ];

  readonly #text = new ScreenText();
  readonly #picture = new TextPicture({
    resize: (width, height) => this.#resize(width, height),
    draw: (pixels, y) => this.#context?.putImageData(new ImageData(pixels, this.size?.width ?? 0), 0, y),
  });
  readonly #keys = new PressedKeys((keys) => this.#attachment?.send({ keys }));
  #mode: ScreenUpdate['mode'] | undefined;
  #attachment: ScreenAttachment | undefined;
  #attached: ScreenSource | undefined;

  constructor() {
    super();
    this.source = undefined;
    this.label = '';
    this.size = undefined;
    this.said = '';
  }

  override connectedCallback(): void {
    super.connectedCallback();
    document.addEventListener('visibilitychange', this.#follow);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    document.removeEventListener('visibilitychange', this.#follow);
    this.#detach();
  }

  override render() {
    const { screen } = machineWords;
    return html`
      <div class="stage">
        <canvas
          tabindex="0"
          role="application"
          aria-label="${this.label}. ${screen.leave}"
          class=${this.size && this.size.width < 400 ? 'small' : ''}
          @keydown=${this.#key}
          @keyup=${this.#key}
          @blur=${() => this.#keys.releaseAll()}
          @pointerdown=${this.#point}
          @pointerup=${this.#point}
          @pointermove=${this.#move}
          @wheel=${this.#wheel}
          @contextmenu=${(event: Event) => event.preventDefault()}
        ></canvas>
      </div>
      <div class="bar">
        <button data-leave @click=${() => void this.#copy()}>${screen.copy}</button>
        <button @click=${() => this.#keys.press(['ControlLeft', 'AltLeft', 'Delete'])}>${screen.reset}</button>
        <button title=${screen.mouse} aria-label=${screen.mouse} @click=${this.#lock}>${screen.mouseShort}</button>
        <p>${screen.leave}</p>
      </div>
      <div class="unseen" role="status">${this.said}</div>
      <pre class="unseen text" role="region" aria-label=${screen.text}>${this.#text.graphics ? nothing : this.#text.text}</pre>
    `;
  }

  protected override updated(changed: Map<PropertyKey, unknown>): void {
    if (changed.has('source')) this.#follow();
  }

  /** What the screen says, in text mode. */
  get text(): string {
    return this.#text.text;
  }

  get #canvas(): HTMLCanvasElement | null {
    return this.renderRoot.querySelector('canvas');
  }

  get #context(): CanvasRenderingContext2D | null | undefined {
    return this.#canvas?.getContext('2d', { alpha: false });
  }

  /** Attached as long as somebody can see it. */
  readonly #follow = (): void => {
    const wanted = this.isConnected && document.visibilityState === 'visible' ? this.source : undefined;
    if (wanted === this.#attached) return;
    this.#detach();
    this.#attached = wanted;
    this.#attachment = wanted?.attachScreen((update) => this.#show(update));
  };

  #detach(): void {
    this.#keys.releaseAll();
    this.#attachment?.dispose();
    this.#attachment = undefined;
    this.#attached = undefined;
  }

  #show(update: ScreenUpdate): void {
    const anew = update.mode !== this.#mode;
    this.#mode = update.mode;
    this.#text.apply(update);
    if (update.mode === 'text') this.#picture.apply(update, anew);
    else this.#draw(update);
    this.requestUpdate();
  }

  #draw({ width, height, changed }: Extract<ScreenUpdate, { mode: 'graphics' }>): void {
    this.#resize(width, height);
    for (const { x, y, width: columns, pixels } of changed) {
      this.#context?.putImageData(new ImageData(pixels, columns), x, y);
    }
  }

  #resize(width: number, height: number): void {
    const canvas = this.#canvas;
    if (!canvas || (canvas.width === width && canvas.height === height)) return;
    canvas.width = width;
    canvas.height = height;
    this.size = { width, height };
  }

  readonly #key = (event: KeyboardEvent): void => {
    if (event.ctrlKey && event.shiftKey && event.code === 'Period') {
      event.preventDefault();
      this.#leave();
    } else if (this.#keys.handle(event.code, event.type === 'keydown')) {
      event.preventDefault();
      // Not the page's shortcuts either.
      event.stopPropagation();
    }
  };

  #leave(): void {
    this.#keys.releaseAll();
    if (document.pointerLockElement) document.exitPointerLock();
    this.renderRoot.querySelector<HTMLElement>('[data-leave]')?.focus();
  }

  readonly #point = ({ buttons }: PointerEvent): void => {
    this.#canvas?.focus();
    const down = (bit: number): boolean => (buttons & bit) !== 0;
    this.#attachment?.send({ buttons: { left: down(1), middle: down(4), right: down(2) } });
  };

  readonly #move = ({ movementX, movementY }: PointerEvent): void => {
    const canvas = this.#canvas;
    if (!canvas || this.shadowRoot?.activeElement !== canvas) return;
    // A picture that is shown larger than it is: as far in its own pixels.
    const scale = canvas.width / Math.max(1, canvas.clientWidth);
    this.#attachment?.send({ move: { x: movementX * scale, y: movementY * scale } });
  };

  readonly #wheel = (event: WheelEvent): void => {
    if (this.shadowRoot?.activeElement !== this.#canvas) return;
    event.preventDefault();
    this.#attachment?.send({ wheel: -Math.sign(event.deltaY) * Math.max(1, Math.abs(event.deltaY) / notchPixels) });
  };

  readonly #lock = (): void => {
    this.#canvas?.focus();
    // Refused where a page may not have it; the mouse then moves as far as it can be seen to.
    void Promise.resolve(this.#canvas?.requestPointerLock()).catch(() => {});
  };

  async #copy(): Promise<void> {
    const { screen } = machineWords;
    if (this.#text.graphics) {
      this.said = screen.noText;
      return;
    }
    await navigator.clipboard?.writeText(this.#text.text).catch(() => {});
    this.said = screen.copied;
  }
}

define('strata-screen', ScreenElement);
