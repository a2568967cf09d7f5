import { css } from 'lit';

export const instanceViewStyles = css`
  :host {
    display: flex;
    flex: 1;
    flex-direction: column;
    min-height: 0;
    min-width: 0;
  }
  :host(.short) {
    flex: none;
  }
  header {
    display: flex;
    flex: none;
    flex-wrap: wrap;
    align-items: center;
    justify-content: space-between;
    gap: var(--s1) var(--s2);
    padding: var(--s2);
    padding-bottom: var(--s1);
  }
  .name {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    gap: var(--s0) 12px;
    min-width: 0;
  }
  h2 {
    max-width: 100%;
    overflow: hidden;
    font-size: var(--t4);
    text-overflow: ellipsis;
  }
  .kind {
    color: var(--muted);
    font-size: var(--t1);
  }
  .actions {
    display: flex;
    flex-wrap: wrap;
    gap: var(--s1);
  }
  .reason {
    flex-basis: 100%;
    color: var(--muted);
    font-size: var(--t1);
    overflow-wrap: anywhere;
  }
  .bad {
    padding: var(--s1) 12px;
    border-left: 3px solid var(--bad);
    border-radius: var(--s0);
    background: var(--bad-bg);
    color: var(--text);
  }
  strata-instance-figures {
    flex-basis: 100%;
  }
  nav {
    display: flex;
    flex: none;
    gap: var(--s1);
    padding: 0 var(--s2);
    border-bottom: 1px solid var(--line);
    overflow-x: auto;
  }
  nav a {
    flex: none;
    padding: 10px var(--s1);
    border-bottom: 2px solid transparent;
    margin-bottom: -1px;
    color: var(--muted);
    font: 500 var(--t2) / 1.25 var(--sans);
    text-decoration: none;
  }
  nav a:hover {
    color: var(--text);
  }
  nav a[aria-current] {
    border-bottom-color: var(--accent);
    color: var(--text);
  }
  nav a:focus-visible {
    outline-offset: -3px;
  }
  /* There transparent borders are seen, too: only the current one has any. */
  @media (forced-colors: active) {
    nav a {
      padding-bottom: 13px;
      border-bottom: 0;
    }
    nav a[aria-current] {
      padding-bottom: 10px;
      border-bottom: 3px solid Highlight;
    }
  }
  .view {
    display: flex;
    flex: 1;
    flex-direction: column;
    min-height: 0;
    overflow: auto;
  }
  @media (max-width: 720px) {
    header {
      padding: 12px;
      padding-bottom: 0;
    }
    .actions button {
      padding: 0 var(--s1);
    }
    strata-instance-figures {
      display: none;
    }
  }
  /* Low: a line with the name and a menu, and one with the views. */
  @container (max-height: 500px) {
    header {
      flex-wrap: nowrap;
      align-items: center;
      padding: 2px var(--s1) 0;
    }
    header:has(.reason) {
      flex-wrap: wrap;
    }
    h2 {
      min-width: 3ch;
      font-size: var(--t3);
    }
    .name {
      flex: 1;
      flex-wrap: nowrap;
    }
    .name > :not(h2) {
      flex: none;
    }
    .kind,
    .actions button[data-action],
    strata-instance-figures {
      display: none;
    }
    nav {
      padding: 0 var(--s1);
    }
    nav a {
      padding: 7px var(--s1);
    }
  }
  @container (max-height: 500px) and (min-width: 600px) {
    :host {
      display: grid;
      grid-template: auto minmax(0, 1fr) / minmax(0, max-content) minmax(240px, 1fr);
    }
    :host(.short) {
      grid-template-rows: auto;
    }
    header,
    nav {
      border-bottom: 1px solid var(--line);
    }
    nav {
      align-items: end;
    }
    .view {
      grid-column: 1 / -1;
    }
  }
`;
