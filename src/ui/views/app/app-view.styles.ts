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
  header strata-menu-button {
    margin-left: auto;
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
    gap: var(--s1);
    width: 288px;
    padding: var(--s2) 10px;
    border-right: 1px solid var(--line);
    background: var(--surface);
    min-height: 0;
  }
  nav strata-instance-list {
    flex: 1;
    min-height: 0;
    overflow-y: auto;
  }
  .list-bar {
    display: flex;
    align-items: center;
    justify-content: space-between;
    gap: var(--s1);
    padding: 0 2px 0 var(--s1);
  }
  h2 {
    color: var(--muted);
    font-size: var(--t1);
  }
  .fold {
    display: none;
  }
  main {
    display: flex;
    flex: 1;
    flex-direction: column;
    min-width: 0;
    min-height: 0;
  }
  footer {
    position: relative;
    flex: none;
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
  @media (max-width: 720px) {
    .panes {
      flex-direction: column;
    }
    nav {
      width: auto;
      max-height: 45vh;
      padding: var(--s1);
      border-right: 0;
      border-bottom: 1px solid var(--line);
    }
    .list-bar {
      padding: 0;
    }
    .list-bar h2 {
      display: none;
    }
    .fold {
      display: inline-flex;
    }
    nav:not(.open) strata-instance-list {
      display: none;
    }
  }
`;
