import { css, html, type SVGTemplateResult, svg, type TemplateResult } from 'lit';

/** Drawn on a grid of 16, in strokes of the text's colour. */
const shapes = {
  plus: svg`<path d="M8 3v10M3 8h10" />`,
  minus: svg`<path d="M3 8h10" />`,
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
  asleep: svg`<path d="M3.5 3.5h4l-4 5h4M9 8h3.5L9 12.5h3.5" stroke-linejoin="round" />`,
  off: svg`<circle cx="8" cy="8" r="5.5" />`,
  failed: svg`<path d="M8 2.3 14.2 13H1.8zM8 6.3v3.2M8 11.2v.3" stroke-linejoin="round" />`,
  done: svg`<path d="m3.5 8.5 3 3 6-7" />`,
  pin: svg`<path d="M6 2.5h4M6.8 2.5v4L4.5 9v1h7V9L9.2 6.5v-4M8 10v4" stroke-linejoin="round" />`,
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
  folder: svg`<path d="M2 4h4.5L8 5.5h6v7.5H2z" stroke-linejoin="round" />`,
  file: svg`<path d="M4 2h5l3 3v9H4zM9 2v3h3M6 8.5h4M6 11h4" stroke-linejoin="round" />`,
  edit: svg`<path d="m3 13 .6-2.6L11 3l2 2-7.4 7.4zM9.7 4.3l2 2" stroke-linejoin="round" />`,
  overview: svg`<path d="M2.5 2.5h4.5V7H2.5zM9 2.5h4.5V7H9zM2.5 9H7v4.5H2.5zM9 9h4.5v4.5H9z" stroke-linejoin="round" />`,
  network: svg`<path d="M8 5.5v3M4 10.5v-2h8v2M6 2.5h4v3H6zM2 10.5h4v3H2zM10 10.5h4v3h-4z" stroke-linejoin="round" />`,
  snapshot: svg`<path d="M2.5 5h2.3l1-1.7h4.4l1 1.7h2.3v8h-11z" stroke-linejoin="round" /><circle cx="8" cy="8.8" r="2.2" />`,
  clone: svg`<rect x="2.5" y="2.5" width="8" height="8" rx="1" /><path d="M13.5 6v7.5H6" />`,
  migrate: svg`<path d="M2.5 5.5h10M10 3l2.5 2.5L10 8M13.5 10.5h-10M6 8l-2.5 2.5L6 13" />`,
  terminal: svg`<rect x="2" y="3" width="12" height="10" rx="1" /><path d="m4.5 6 2 2-2 2M8.5 10.5h3" />`,
  splitRow: svg`<rect x="2" y="3" width="12" height="10" rx="1" /><path d="M8 3v10" />`,
  splitColumn: svg`<rect x="2" y="3" width="12" height="10" rx="1" /><path d="M2 8h12" />`,
  more: svg`<path d="M3.5 8h.01M8 8h.01M12.5 8h.01" stroke-width="2.4" />`,
  help: svg`<circle cx="8" cy="8" r="5.5" /><path d="M6.3 6.5a1.7 1.7 0 1 1 2.6 1.4c-.6.4-.9.7-.9 1.3M8 11.2v.1" />`,
  command: svg`<path d="M3 4.5h10M3 8h6M3 11.5h8" />`,
  download: svg`<path d="M8 2.5v8M5 7.5l3 3 3-3M3 13.5h10" />`,
  upload: svg`<path d="M8 10.5v-8M5 5.5l3-3 3 3M3 13.5h10" />`,
  grow: svg`<path d="M3 9.5V13h3.5M13 6.5V3H9.5M3 13l4-4M13 3 9 7" />`,
  ascending: svg`<path d="m4.5 9.5 3.5-4 3.5 4" />`,
  descending: svg`<path d="m4.5 6.5 3.5 4 3.5-4" />`,
  here: svg`<circle cx="8" cy="8" r="2.5" fill="currentColor" /><circle cx="8" cy="8" r="5.5" />`,
  volume: svg`<path d="M2.5 4c0-1 2.5-1.8 5.5-1.8s5.5.8 5.5 1.8v8c0 1-2.5 1.8-5.5 1.8S2.5 13 2.5 12zM2.5 4c0 1 2.5 1.8 5.5 1.8s5.5-.8 5.5-1.8M2.5 8c0 1 2.5 1.8 5.5 1.8s5.5-.8 5.5-1.8" />`,
  container: svg`<path d="M8 2 14 5v6l-6 3-6-3V5zM2 5l6 3 6-3M8 8v6" stroke-linejoin="round" />`,
  settings: svg`<path d="M2 4.5h6M11 4.5h3M2 11.5h3M8 11.5h6" /><circle cx="9.5" cy="4.5" r="1.6" /><circle cx="6.5" cy="11.5" r="1.6" />`,
  topology: svg`<circle cx="8" cy="3.5" r="1.8" /><circle cx="3.5" cy="12" r="1.8" /><circle cx="12.5" cy="12" r="1.8" /><path d="M7 5.2 4.4 10.4M9 5.2l2.6 5.2M5.4 12h5.2" />`,
  schedule: svg`<path d="M2.5 3.5h4v4h-4zM9.5 2.5h4v3h-4zM9.5 8h4v5.5h-4zM6.5 5.5h3M8 5.5v5h1.5" stroke-linejoin="round" />`,
  chip: svg`<rect x="4" y="4" width="8" height="8" rx="1" /><path d="M6.5 1.5V4M9.5 1.5V4M6.5 12v2.5M9.5 12v2.5M1.5 6.5H4M1.5 9.5H4M12 6.5h2.5M12 9.5h2.5" />`,
  lesson: svg`<path d="M8 4.2C6.5 3.1 4.5 2.8 2.3 2.8v9.4c2.2 0 4.2.3 5.7 1.4 1.5-1.1 3.5-1.4 5.7-1.4V2.8c-2.2 0-4.2.3-5.7 1.4zM8 4.2v9.4" stroke-linejoin="round" />`,
  machine: svg`<rect x="2.5" y="2.5" width="11" height="8" rx="1" /><path d="M5.5 13.5h5M8 10.5v3" />`,
} satisfies Record<string, SVGTemplateResult>;

export type IconName = keyof typeof shapes;

/** A picture beside a text that says the same; it is nothing to a screen reader. */
export function icon(name: IconName): TemplateResult {
  return html`<svg class="icon" data-icon=${name} viewBox="0 0 16 16" aria-hidden="true" focusable="false">${shapes[name]}</svg>`;
}

/** The picture alone, for a place in another picture. */
export function iconShape(name: IconName): SVGTemplateResult {
  return shapes[name];
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
    animation: turn var(--turn) linear infinite;
  }
  @keyframes turn {
    to {
      transform: rotate(1turn);
    }
  }
`;
