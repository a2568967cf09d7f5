import { css } from 'lit';

export const topologyStyles = css`
  :host {
    display: flex;
    flex-direction: column;
    padding: 0;
    overflow: hidden;
  }
  .top {
    flex: none;
    margin: 0;
    padding: var(--s2) var(--s3) var(--s1);
  }
  .hint {
    flex: none;
    padding: 0 var(--s3) var(--s1);
    color: var(--muted);
    font-size: var(--t1);
  }
  .picture {
    position: relative;
    flex: 1;
    min-height: 0;
    overflow: auto;
    border-top: 1px solid var(--line);
    background: var(--surface);
  }
  .picture:focus-visible,
  .scroll:focus-visible {
    outline-offset: -2px;
  }
  .listed {
    flex: 1;
    min-height: 0;
    padding: 0 var(--s3) calc(var(--s3) + var(--toasts, 0px));
    overflow: auto;
    scroll-padding-bottom: var(--toasts, 0px);
  }
  svg.map {
    display: block;
  }
  svg text {
    fill: var(--text);
    font: 500 13px / 1 var(--sans);
  }
  svg .small {
    fill: var(--muted);
    font: 400 11px / 1 var(--sans);
  }
  svg .mono {
    font-family: var(--mono);
  }
  .site {
    fill: var(--bg);
    stroke: var(--line);
    stroke-dasharray: 8 5;
  }
  .box {
    fill: var(--raised);
    stroke: var(--line-strong);
    stroke-width: 1.5;
  }
  .network .box {
    fill: var(--selected);
    stroke: var(--accent);
  }
  .gateway .box {
    stroke-dasharray: 5 3;
  }
  .inner {
    fill: var(--bg);
    stroke: var(--line-strong);
  }
  .bridge {
    fill: var(--selected);
    stroke: var(--accent);
  }
  .wire,
  .arm,
  .passing {
    fill: none;
    stroke: var(--line-strong);
    stroke-width: 1.5;
  }
  /* A part of its bridge. */
  .arm {
    stroke: var(--accent);
    stroke-width: 2.5;
  }
  .passing {
    stroke: var(--raised);
    stroke-width: 9;
  }
  .node {
    /* Nothing that is inline has a touch-action; the rest of the picture is moved by touch. */
    display: block;
    touch-action: none;
    cursor: grab;
    outline: none;
  }
  .node:focus-visible .box {
    stroke: var(--focus);
    stroke-width: 3.5;
  }
  .nested {
    cursor: pointer;
  }
  svg .picture-of {
    color: var(--muted);
  }
  .running,
  .up {
    color: var(--good);
  }
  .failed {
    color: var(--bad);
  }
  .paused {
    color: var(--warn);
  }
  .starting,
  .stopping {
    color: var(--busy);
  }
  .stopped,
  .created,
  .asleep,
  .down {
    color: var(--off);
  }
  svg .state {
    fill: currentColor;
    font: 500 11px / 1 var(--sans);
  }
  .cable {
    fill: none;
    stroke: var(--line-strong);
  }
  .cable.busy {
    stroke: var(--accent);
  }
  .cable.off {
    stroke-dasharray: 4 4;
  }
  .hit {
    fill: none;
    stroke: transparent;
    stroke-width: 16;
    cursor: pointer;
  }
  .chosen .cable {
    stroke: var(--focus);
  }
  .rate {
    paint-order: stroke;
    stroke: var(--bg);
    /* Closes the gaps between the words: a cable below would be read with them. */
    stroke-width: 8px;
    stroke-linejoin: round;
    text-anchor: middle;
    dominant-baseline: central;
    pointer-events: none;
  }
  svg .rate {
    fill: var(--text);
    font: 400 11px / 1 var(--sans);
    font-variant-numeric: tabular-nums;
  }
  .traffic {
    flex: 0 1 auto;
    min-height: 0;
    max-height: 70%;
    overflow: auto;
    scroll-padding-bottom: var(--toasts, 0px);
    padding: 12px var(--s3) calc(12px + var(--toasts, 0px));
    border-top: 1px solid var(--line);
    background: var(--bg);
  }
  .traffic header {
    display: flex;
    align-items: center;
    justify-content: space-between;
    gap: var(--s1);
  }
  .traffic dl {
    display: grid;
    grid-template-columns: repeat(auto-fit, minmax(180px, 1fr));
    gap: var(--s1) var(--s3);
    font-size: var(--t1);
  }
  .traffic dt {
    color: var(--muted);
    font-size: var(--t0);
  }
  .traffic dd {
    font-variant-numeric: tabular-nums;
  }
  button.cell {
    padding: 0;
    color: var(--accent);
    text-decoration: underline;
    text-underline-offset: 3px;
  }
  /* The browser gives its own colours to text and not to shapes, which would lie on each other in two palettes. */
  @media (forced-colors: active) {
    svg.map {
      --bg: Canvas;
      --raised: Canvas;
      --selected: Canvas;
      --line: CanvasText;
      --line-strong: CanvasText;
      --text: CanvasText;
      --muted: CanvasText;
      --accent: LinkText;
      --focus: Highlight;
      --good: CanvasText;
      --bad: CanvasText;
      --warn: CanvasText;
      --busy: CanvasText;
      --off: GrayText;
    }
    .network .box {
      stroke-width: 2.5;
    }
  }
  @media (max-width: 720px) {
    .top,
    .hint,
    .traffic {
      padding-right: 12px;
      padding-left: 12px;
    }
    .hint {
      display: none;
    }
  }
`;
