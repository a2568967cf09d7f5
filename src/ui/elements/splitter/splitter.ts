import { css, html } from 'lit';
import { define, StrataElement } from '../../strata-element';
import { baseStyles } from '../../styles/base';

/** What a key moves the divider by, CSS pixels. */
const step = 24;

/**
 * A divider between two parts, after the ARIA authoring practices (window splitter): arrows move it, Home and
 * End take it to its limits. Fires `grab` when a movement begins, `move` with the pixels since then (positive:
 * the first part grows), and `edge` with `min` or `max`.
 */
export class Splitter extends StrataElement {
  static override properties = {
    axis: { attribute: false },
    value: { attribute: false },
    label: { attribute: false },
  };
  /** `row`: the parts are side by side. */
  declare axis: 'row' | 'column';
  /** What the first part has, percent. */
  declare value: number;
  declare label: string;

  static override styles = [
    baseStyles,
    css`
      [role='separator'] {
        position: relative;
        width: 100%;
        height: 100%;
        background: var(--line);
        touch-action: none;
      }
      [role='separator']::after {
        position: absolute;
        z-index: 3;
        content: '';
      }
      .row::after {
        inset: 0 -4px;
        cursor: col-resize;
      }
      .column::after {
        inset: -4px 0;
        cursor: row-resize;
      }
      @media (pointer: coarse) {
        /* A finger needs more, which is taken from what ends here more than from the tabs that begin. */
        .row::after {
          inset: 0 -12px;
        }
        .column::after {
          inset: -16px 0 -6px;
        }
      }
      [role='separator']:hover::after,
      [role='separator'].moving::after {
        background: color-mix(in srgb, var(--accent) 45%, transparent);
      }
      [role='separator']:focus-visible {
        outline: none;
      }
      [role='separator']:focus-visible::after {
        background: var(--focus);
      }
      @media (forced-colors: active) {
        [role='separator'] {
          background: CanvasText;
        }
        [role='separator']:focus-visible::after,
        [role='separator']:hover::after {
          background: Highlight;
          forced-color-adjust: none;
        }
      }
    `,
  ];

  #from: number | undefined;

  constructor() {
    super();
    this.axis = 'row';
    this.value = 50;
    this.label = '';
  }

  override render() {
    return html`<div
      role="separator"
      tabindex="0"
      class=${this.axis}
      aria-label=${this.label}
      aria-orientation=${this.axis === 'row' ? 'vertical' : 'horizontal'}
      aria-valuenow=${Math.round(this.value)}
      aria-valuemin="0"
      aria-valuemax="100"
      @keydown=${this.#key}
      @pointerdown=${this.#down}
      @pointermove=${this.#drag}
      @pointerup=${this.#up}
      @pointercancel=${this.#up}
    ></div>`;
  }

  readonly #key = (event: KeyboardEvent): void => {
    const [back, forth] = this.axis === 'row' ? ['ArrowLeft', 'ArrowRight'] : ['ArrowUp', 'ArrowDown'];
    if (event.key === 'Home') this.#fire('edge', 'min');
    else if (event.key === 'End') this.#fire('edge', 'max');
    else if (event.key === back || event.key === forth) {
      this.#fire('grab');
      this.#fire('move', event.key === forth ? step : -step);
    } else return;
    event.preventDefault();
  };

  readonly #down = (event: PointerEvent): void => {
    if (event.button !== 0 || !(event.currentTarget instanceof HTMLElement)) return;
    event.currentTarget.setPointerCapture(event.pointerId);
    event.currentTarget.classList.add('moving');
    this.#from = this.#at(event);
    this.#fire('grab');
  };

  readonly #drag = (event: PointerEvent): void => {
    if (this.#from !== undefined) this.#fire('move', this.#at(event) - this.#from);
  };

  readonly #up = (event: PointerEvent): void => {
    this.#from = undefined;
    if (event.currentTarget instanceof HTMLElement) event.currentTarget.classList.remove('moving');
  };

  #at(event: PointerEvent): number {
    return this.axis === 'row' ? event.clientX : event.clientY;
  }

  #fire(type: string, detail?: number | string): void {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}

define('strata-splitter', Splitter);
