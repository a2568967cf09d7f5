import { css } from 'lit';

export const appViewStyles = css`
  :host {
    display: flex;
    flex-direction: column;
    height: 100dvh;
    min-width: 320px;
    overflow: hidden;
  }
  .skip {
    position: absolute;
    z-index: 40;
    top: -100px;
    left: var(--s1);
  }
  .skip:focus {
    top: var(--s1);
  }
  header {
    display: flex;
    flex: none;
    align-items: center;
    gap: var(--s2);
    min-height: var(--s6);
    padding: 0 var(--s1) 0 var(--s2);
    border-bottom: 1px solid var(--line);
    background: var(--surface);
  }
  h1 {
    display: inline-flex;
    align-items: center;
    gap: var(--s1);
    font-weight: 600;
    font-size: var(--t3);
  }
  h1 .icon {
    width: 22px;
    height: 22px;
    color: var(--accent);
  }
  .stratum {
    display: inline-flex;
    align-items: center;
    gap: var(--s1);
    padding-left: var(--s2);
    border-left: 1px solid var(--line);
    color: var(--muted);
    font-size: var(--t1);
  }
  .number {
    display: inline-grid;
    place-items: center;
    width: 20px;
    height: 20px;
    border-radius: 4px;
    background: var(--selected);
    color: var(--text);
    font-weight: 600;
    font-size: var(--t0);
  }
  h1 a {
    display: inline-flex;
    align-items: center;
    gap: var(--s1);
    color: inherit;
    text-decoration: none;
  }
  .tools {
    display: flex;
    align-items: center;
    gap: var(--s0);
    margin-left: auto;
  }
  .tools strata-menu-button:first-child {
    margin-right: var(--s1);
  }
  .panes {
    display: flex;
    flex: 1;
    min-height: 0;
  }
  nav {
    display: flex;
    flex: none;
    flex-direction: column;
    gap: var(--s2);
    width: 16.5rem;
    padding: var(--s2) 10px;
    border-right: 1px solid var(--line);
    background: var(--surface);
    min-height: 0;
  }
  nav ul {
    display: grid;
    gap: 2px;
  }
  nav a {
    display: flex;
    align-items: center;
    gap: 10px;
    min-height: 34px;
    padding: 0 var(--s1);
    border-radius: var(--radius);
    color: var(--muted);
    font-weight: 500;
    font-size: var(--t1);
    text-decoration: none;
  }
  nav a:hover {
    background: var(--hover);
    color: var(--text);
  }
  nav a[aria-current] {
    background: var(--selected);
    color: var(--text);
  }
  nav strata-instance-list {
    flex: 1;
    min-height: 0;
    padding-top: var(--s1);
    border-top: 1px solid var(--line);
    overflow-y: auto;
  }
  .work {
    display: flex;
    flex: 1;
    flex-direction: column;
    min-width: 0;
    min-height: 0;
  }
  main {
    display: flex;
    flex: 1;
    flex-direction: column;
    min-width: 0;
    min-height: min(264px, 60%);
  }
  main.short {
    flex: none;
    min-height: 0;
  }
  strata-dock.whole {
    flex: 1;
  }
  strata-dock.part {
    flex: 0 1 auto;
    min-height: 120px;
  }
  .gone {
    display: grid;
    flex: 1;
    place-content: center;
    gap: var(--s1);
    color: var(--muted);
    text-align: center;
  }
  footer {
    position: relative;
    flex: none;
  }
  .leave {
    padding: 0 var(--s1);
    color: var(--muted);
    font-size: var(--t0);
    white-space: nowrap;
  }
  strata-toast-list {
    position: absolute;
    z-index: 30;
    right: var(--s2);
    bottom: calc(100% + var(--s1));
  }
  main:focus-visible {
    outline-offset: -2px;
  }
  @media (forced-colors: active) {
    nav a[aria-current] {
      outline: 2px solid Highlight;
      outline-offset: -2px;
    }
  }
  @media (max-width: 720px) {
    header {
      gap: var(--s1);
      padding-left: 12px;
    }
    .stratum {
      display: none;
    }
    .panes {
      flex-direction: column;
    }
    nav {
      width: auto;
      padding: var(--s0) var(--s1);
      border-right: 0;
      border-bottom: 1px solid var(--line);
      overflow-x: auto;
    }
    nav ul {
      display: flex;
      gap: var(--s0);
    }
    nav a {
      gap: 6px;
    }
    nav strata-instance-list,
    .leave {
      display: none;
    }
  }
  @media (max-width: 400px) {
    nav ul {
      gap: 0;
    }
    nav a {
      padding: 0 6px;
    }
    h1 span {
      display: none;
    }
    nav a .icon {
      display: none;
    }
  }
`;
