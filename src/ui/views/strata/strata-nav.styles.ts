import { css } from 'lit';

export const strataNavStyles = css`
  :host {
    display: flex;
    flex: none;
    flex-direction: column;
    width: 16.5rem;
    min-height: 0;
    border-right: 1px solid var(--line);
    background: var(--surface);
  }
  nav {
    display: flex;
    flex: 1;
    flex-direction: column;
    gap: var(--s1);
    min-height: 0;
    padding: 10px;
    overflow-y: auto;
  }
  ul {
    display: grid;
    flex: none;
    gap: 1px;
  }
  .stratum {
    margin-top: 6px;
  }
  .name {
    display: flex;
    align-items: center;
    gap: var(--s1);
    padding: 2px var(--s1);
    color: var(--muted);
    font-size: var(--t0);
  }
  .number {
    display: inline-grid;
    flex: none;
    place-content: center;
    width: 1.5em;
    height: 1.5em;
    border: 1px solid var(--line-strong);
    border-radius: 4px;
    font-weight: 600;
    line-height: 1;
    font-variant-numeric: tabular-nums;
  }
  a {
    display: flex;
    align-items: center;
    gap: 10px;
    min-height: 30px;
    padding: 0 var(--s1);
    border-radius: var(--radius);
    color: var(--muted);
    font-weight: 500;
    font-size: var(--t1);
    text-decoration: none;
  }
  .stratum a {
    padding-left: 9px;
  }
  a:hover {
    background: var(--hover);
    color: var(--text);
  }
  a[aria-current] {
    background: var(--selected);
    color: var(--text);
  }
  a:focus-visible {
    outline-offset: -2px;
  }
  .word {
    white-space: nowrap;
  }
  .terms {
    margin-left: auto;
    padding: 0 6px;
    border: 1px solid var(--line-strong);
    border-radius: 9px;
    background: var(--surface);
    color: var(--text);
    font-weight: 400;
    font-size: var(--t0);
    overflow: hidden;
    text-overflow: ellipsis;
    white-space: nowrap;
  }
  ::slotted(*) {
    flex: none;
    min-width: 0;
    padding-top: var(--s1);
    border-top: 1px solid var(--line);
  }
  @media (forced-colors: active) {
    a[aria-current] {
      outline: 2px solid Highlight;
      outline-offset: -2px;
    }
  }
  @media (max-width: 720px) {
    :host {
      width: auto;
      border-right: 0;
      border-bottom: 1px solid var(--line);
    }
    nav {
      padding: var(--s0) var(--s1);
      overflow: auto hidden;
    }
    ul,
    .stratum {
      display: flex;
      align-items: center;
      gap: 2px;
    }
    .stratum {
      margin: 0 0 0 6px;
    }
    .name {
      padding: 0 2px;
    }
    .name > span + span,
    a .icon,
    .terms,
    ::slotted(*) {
      display: none;
    }
    a {
      min-height: 32px;
      white-space: nowrap;
    }
  }
`;
