import { css } from 'lit';

export const appViewStyles = css`
  :host {
    display: flex;
    flex-direction: column;
    /* What the keyboard of a phone leaves, where the browser does not count it. */
    height: var(--seen-height, 100dvh);
    min-width: 320px;
    overflow: hidden;
    container-type: size;
  }
  .page {
    display: flex;
    flex: 1;
    flex-direction: column;
    min-height: 0;
    /* Where notices of many lines leave the view less than it needs. */
    overflow: hidden auto;
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
    place-content: center;
    width: 1.7em;
    height: 1.7em;
    border-radius: 4px;
    background: var(--selected);
    color: var(--text);
    font-weight: 600;
    font-size: var(--t0);
    line-height: 1;
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
    min-width: 0;
    margin-left: auto;
  }
  .tools > button {
    flex: none;
  }
  .tools strata-menu-button:first-child {
    min-width: 0;
    margin-right: var(--s1);
  }
  .panes {
    display: flex;
    flex: 1;
    min-height: 0;
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
  .work.beside {
    flex-direction: row;
  }
  .beside main {
    flex: 0 0 46%;
  }
  .beside strata-dock {
    border-left: 1px solid var(--line);
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
  footer button {
    line-height: 1.2;
    overflow-wrap: anywhere;
    white-space: normal;
  }
  .leave {
    padding: 0 var(--s1);
    color: var(--muted);
    font-size: var(--t0);
    white-space: nowrap;
  }
  .page:not(:has(strata-dock:focus-within)) + footer .leave {
    visibility: hidden;
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
  @media (max-width: 1100px) {
    .work.beside {
      flex-direction: column;
    }
    .beside main {
      flex: 1 1 60%;
    }
    .beside strata-dock {
      flex: 1 1 40%;
      border-top: 1px solid var(--line);
      border-left: 0;
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
    .leave {
      display: none;
    }
  }
  @media (max-width: 400px) {
    /* The settings have it. */
    .theme,
    h1 span {
      display: none;
    }
  }
  /* Low: lines instead of blocks, so that a terminal keeps rows enough. */
  @container (max-height: 500px) {
    header {
      min-height: 36px;
    }
    main {
      min-height: 0;
    }
    .whole strata-task-drawer {
      display: none;
    }
    strata-dock.part,
    .beside strata-dock {
      flex: none;
      height: max(50cqh, 236px);
    }
  }
  @container (max-height: 500px) and (min-width: 600px) {
    .work.beside {
      flex-direction: row;
    }
    .beside main {
      flex: 0 0 46%;
    }
    .beside strata-dock {
      flex: 1;
      height: auto;
    }
  }
  /* Lower than a terminal and what stands around it: the page scrolls, and the terminal can have the screen. */
  @container (max-height: 400px) {
    .page {
      overflow-y: auto;
    }
    .panes,
    main {
      flex: 1 0 auto;
    }
    .work {
      --view: 60cqh;
    }
    main {
      --low-terminal: calc(100cqh - var(--foot));
      min-height: 60cqh;
    }
    main.short {
      flex: none;
      min-height: 0;
    }
    .work:has(strata-dock:not([hidden])) main:not(.short) {
      flex: none;
      height: var(--view);
    }
    .work strata-dock.whole {
      flex: none;
      height: 100cqh;
    }
    strata-dock.part {
      height: calc(100cqh - var(--foot));
    }
    strata-dock.part:focus-within {
      height: 100cqh;
    }
    .page:has(strata-dock.part:focus-within) + footer strata-task-drawer {
      display: none;
    }
  }
  @container (max-height: 400px) and (min-width: 600px) {
    .work.beside {
      --view: 100%;
      height: 100cqh;
    }
    .work.beside main {
      width: 46%;
    }
    .work.beside strata-dock.whole {
      flex: 1;
    }
  }
  @container (max-height: 400px) and (max-width: 720px) {
    .work {
      flex: 1 0 auto;
    }
  }
  @container (max-height: 400px) and (min-width: 720.1px) {
    strata-nav {
      position: sticky;
      top: 0;
      max-height: 100cqh;
    }
  }
`;
