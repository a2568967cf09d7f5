import { css } from 'lit';

/** What every element shares: box sizes, the focus ring, what only a screen reader sees. */
export const baseStyles = css`
  :host {
    box-sizing: border-box;
    display: block;
  }
  :host([hidden]),
  [hidden] {
    display: none !important;
  }
  *,
  *::before,
  *::after {
    box-sizing: inherit;
  }
  h1,
  h2,
  h3,
  p,
  ul,
  ol,
  dl,
  dd {
    margin: 0;
    padding: 0;
  }
  ul,
  ol {
    list-style: none;
  }
  h1,
  h2,
  h3 {
    font-weight: 600;
    line-height: 1.25;
  }
  :focus {
    outline: none;
  }
  :focus-visible {
    outline: 2px solid var(--focus);
    outline-offset: 2px;
  }
  .unseen {
    position: absolute;
    width: 1px;
    height: 1px;
    margin: -1px;
    overflow: hidden;
    clip-path: inset(50%);
    white-space: nowrap;
  }
`;

/** Buttons, plain and filled. */
export const buttonStyles = css`
  button {
    display: inline-flex;
    align-items: center;
    justify-content: center;
    gap: 6px;
    min-height: var(--control);
    min-width: var(--control);
    padding: 0 12px;
    border: 1px solid var(--line);
    border-radius: var(--radius);
    background: var(--raised);
    color: var(--text);
    font: 500 var(--t1) / 1 var(--sans);
    white-space: nowrap;
    cursor: pointer;
    transition: background var(--quick);
  }
  button:disabled {
    opacity: 0.5;
    cursor: default;
  }
  button.filled {
    border-color: var(--accent);
    background: var(--accent);
    color: var(--on-accent);
  }
  button.quiet {
    border-color: transparent;
    background: transparent;
  }
  /* A touch leaves its button hovered, which would look as if it stayed pressed. */
  @media (hover: hover) {
    button:hover:not(:disabled) {
      background: var(--hover);
    }
    button.filled:hover:not(:disabled) {
      border-color: var(--accent-hover);
      background: var(--accent-hover);
    }
  }
  button.icon {
    padding: 0;
  }
  button[aria-pressed='true'] {
    background: var(--selected);
  }
  @media (forced-colors: active) {
    button[aria-pressed='true'],
    button[aria-selected='true'] {
      border-color: Highlight;
    }
  }
`;

/** Fields of forms, with their names above and what is wrong below. */
export const fieldStyles = css`
  .field {
    display: grid;
    /* Beside one that says more it is no higher. */
    align-content: start;
    gap: 4px;
    min-width: 0;
  }
  .field > span,
  legend {
    padding: 0;
    font-weight: 500;
    font-size: var(--t1);
  }
  .hint {
    color: var(--muted);
    font-size: var(--t0);
  }
  .problem {
    color: var(--bad);
    font-size: var(--t1);
    overflow-wrap: anywhere;
  }
  input:not([type='checkbox'], [type='radio'], [type='file']),
  select,
  textarea {
    width: 100%;
    min-height: var(--control);
    padding: 4px var(--s1);
    border: 1px solid var(--line-strong);
    border-radius: var(--s0);
    background: var(--surface);
    color: var(--text);
    font: var(--t2) / 1.4 var(--sans);
  }
  textarea {
    resize: vertical;
  }
  input[aria-invalid='true'] {
    border-color: var(--bad);
  }
  input[type='checkbox'],
  input[type='radio'] {
    flex: none;
    width: 16px;
    height: 16px;
    margin: 0;
    accent-color: var(--accent);
  }
  fieldset {
    min-width: 0;
    margin: 0;
    padding: 0;
    border: 0;
  }
  .check {
    display: flex;
    align-items: center;
    gap: var(--s1);
    min-height: 28px;
    font-size: var(--t2);
  }
`;

/** Tables of facts: calm lines, figures in columns. */
export const tableStyles = css`
  table {
    width: 100%;
    border-collapse: collapse;
    font-size: var(--t1);
  }
  th,
  td {
    padding: 0 12px;
    height: 40px;
    border-bottom: 1px solid var(--line);
    font-weight: 400;
    text-align: left;
    white-space: nowrap;
  }
  thead th {
    height: 36px;
    color: var(--muted);
    font-size: var(--t0);
    font-weight: 500;
  }
  tbody th {
    font-weight: 600;
  }
  .number {
    text-align: right;
    font-variant-numeric: tabular-nums;
  }
  .mono {
    font-family: var(--mono);
    font-size: var(--t0);
  }
  .scroll {
    /* What is there for screen readers alone scrolls along. */
    position: relative;
    overflow-x: auto;
  }
  .scroll:focus-visible {
    outline-offset: -2px;
  }
  .muted {
    color: var(--muted);
  }
  /* Rows are cards where most of their columns would be outside: each cell says what it is by its data-label. */
  @media (max-width: 640px) {
    .cards :is(table, tbody) {
      display: block;
    }
    .cards thead {
      position: absolute;
      width: 1px;
      overflow: hidden;
      clip-path: inset(50%);
    }
    .cards tr {
      position: relative;
      display: flex;
      flex-wrap: wrap;
      align-items: baseline;
      gap: 2px 12px;
      padding: var(--s1) 12px;
      border-bottom: 1px solid var(--line);
    }
    .cards tr:last-child {
      border-bottom: 0;
    }
    .cards td:empty {
      display: none;
    }
    .cards tr > * {
      min-width: 0;
      max-width: 100%;
      height: auto;
      padding: 0;
      border: 0;
      text-align: left;
      white-space: normal;
      overflow-wrap: anywhere;
    }
    .cards [data-label]::before {
      color: var(--muted);
      font: 400 var(--t0) var(--sans);
      content: attr(data-label) ' ';
    }
    .cards [scope='row'] {
      flex: 1 0 100%;
      order: -1;
      padding-right: var(--control);
    }
    .cards td:has(> .icon:only-child) {
      position: absolute;
      top: 2px;
      right: 4px;
    }
  }
`;

/** Panels and headings of views. */
export const viewStyles = css`
  :host {
    /* What is there for screen readers alone scrolls along. */
    position: relative;
    display: block;
    flex: 1;
    min-height: 0;
    padding: var(--s3);
    /* What messages cover can be scrolled out from below them (WCAG 2.2, 2.4.11). */
    padding-bottom: calc(var(--s3) + var(--toasts, 0px));
    overflow: auto;
    scroll-padding-bottom: var(--toasts, 0px);
  }
  .top {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    justify-content: space-between;
    gap: var(--s1) var(--s2);
    margin-bottom: var(--s2);
  }
  .top .buttons {
    display: flex;
    flex-wrap: wrap;
    gap: var(--s1);
  }
  h2 {
    font-size: var(--t4);
  }
  h3 {
    font-size: var(--t2);
  }
  .panel {
    border: 1px solid var(--line);
    border-radius: var(--radius-large);
    background: var(--surface);
  }
  .none {
    padding: var(--s4) var(--s2);
    color: var(--muted);
    text-align: center;
  }
  a {
    color: var(--accent);
  }
  @media (max-width: 720px) {
    :host {
      padding: 12px;
      padding-bottom: calc(12px + var(--toasts, 0px));
    }
  }
`;
