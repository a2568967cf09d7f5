import { css, html, type SVGTemplateResult, svg, type TemplateResult } from 'lit';

/** Drawn on a grid of 16, in strokes of the text's colour. */
const shapes = {
  plus: svg`<path d="M8 3v10M3 8h10" />`,
  chevron: svg`<path d="m4 6 4 4 4-4" />`,
  start: svg`<path d="M5 3.2v9.6L12.5 8z" fill="currentColor" stroke-linejoin="round" />`,
  stop: svg`<path d="M8 2.5v5M4.6 4.7a4.8 4.8 0 1 0 6.8 0" />`,
  kill: svg`<path d="M9 1.8 3.8 9H8l-1 5.2L12.2 7H8z" stroke-linejoin="round" />`,
  pause: svg`<path d="M5.5 3.5v9M10.5 3.5v9" stroke-width="2" />`,
  reset: svg`<path d="M12.8 8a4.8 4.8 0 1 1-1.5-3.5M12.8 2v3h-3" />`,
  remove: svg`<path d="M3 4.5h10M6.5 4.2V2.5h3v1.7M4.5 4.5l.6 9h5.8l.6-9" stroke-linejoin="round" />`,
  running: svg`<circle cx="8" cy="8" r="5.5" /><path d="m5.6 8 1.8 1.8 3-3.4" />`,
  busy: svg`<path d="M8 2.5A5.5 5.5 0 1 1 2.5 8" />`,
  paused: svg`<circle cx="8" cy="8" r="5.5" /><path d="M6.5 6v4M9.5 6v4" />`,
  off: svg`<circle cx="8" cy="8" r="5.5" />`,
  failed: svg`<path d="M8 2.3 14.2 13H1.8zM8 6.3v3.2M8 11.2v.3" stroke-linejoin="round" />`,
  done: svg`<path d="m3.5 8.5 3 3 6-7" />`,
  close: svg`<path d="m4 4 8 8M12 4l-8 8" />`,
  info: svg`<circle cx="8" cy="8" r="5.5" /><path d="M8 7.4v3.4M8 5.2v.2" />`,
  sun: svg`<circle cx="8" cy="8" r="3" /><path d="M8 1.5v1.3M8 13.2v1.3M1.5 8h1.3M13.2 8h1.3M3.4 3.4l.9.9M11.7 11.7l.9.9M12.6 3.4l-.9.9M4.3 11.7l-.9.9" />`,
  moon: svg`<path d="M12.8 9.7A5.5 5.5 0 0 1 6.3 3.2a5.5 5.5 0 1 0 6.5 6.5z" stroke-linejoin="round" />`,
  system: svg`<circle cx="8" cy="8" r="5.5" /><path d="M8 2.5a5.5 5.5 0 0 1 0 11z" fill="currentColor" />`,
  copy: svg`<rect x="5.5" y="5.5" width="7.5" height="8" rx="1" /><path d="M3 10.5v-8h7.5" />`,
  paste: svg`<rect x="3.5" y="3.5" width="9" height="10" rx="1" /><path d="M6 2.5h4v2H6z" fill="currentColor" />`,
  search: svg`<circle cx="7" cy="7" r="4" /><path d="m10 10 3.5 3.5" />`,
  smaller: svg`<path d="m3 12.5 3.2-8.5 3.2 8.5M4.2 9.5h4M11 6h4" stroke-linejoin="round" />`,
  larger: svg`<path d="m1.5 13 3.7-10L9 13M2.9 9.5h4.7M11 6h4M13 4v4" stroke-linejoin="round" />`,
  up: svg`<path d="m4 10 4-4 4 4" />`,
  reader: svg`<path d="M3 6v4M5.5 4v8M8 2.5v11M10.5 5v6M13 6.5v3" />`,
  tasks: svg`<path d="M6.5 4h7M6.5 8h7M6.5 12h7M2.5 4l.8.8L4.7 3M2.5 8l.8.8L4.7 7M2.5 12l.8.8L4.7 11" />`,
  layers: svg`<path d="M8 2 14 5 8 8 2 5zM2 8l6 3 6-3M2 11l6 3 6-3" stroke-linejoin="round" />`,
  machine: svg`<rect x="2.5" y="2.5" width="11" height="8" rx="1" /><path d="M5.5 13.5h5M8 10.5v3" />`,
} satisfies Record<string, SVGTemplateResult>;

export type IconName = keyof typeof shapes;

/** A picture beside a text that says the same; it is nothing to a screen reader. */
export function icon(name: IconName): TemplateResult {
  return html`<svg class="icon" data-icon=${name} viewBox="0 0 16 16" aria-hidden="true" focusable="false">${shapes[name]}</svg>`;
}

export const iconStyles = css`
  .icon {
    flex: none;
    width: 1.15em;
    height: 1.15em;
    fill: none;
    stroke: currentColor;
    stroke-width: 1.5;
    stroke-linecap: round;
    overflow: visible;
  }
  .icon[data-icon='busy'] {
    animation: turn 1s linear infinite;
  }
  @keyframes turn {
    to {
      transform: rotate(1turn);
    }
  }
  @media (prefers-reduced-motion: reduce) {
    .icon[data-icon='busy'] {
      animation: none;
    }
  }
`;
