import { css } from 'lit';

export const terminalStyles = css`
  :host {
    display: flex;
    flex: 1;
    flex-direction: column;
    min-height: 0;
    background: var(--terminal, var(--surface));
  }
  .frame {
    position: relative;
    flex: 1;
    min-height: 0;
    padding: var(--s1) 0 0 var(--s1);
    overflow: hidden;
  }
  .frame:focus-within::after {
    position: absolute;
    inset: 0;
    border: 2px solid var(--focus);
    content: '';
    pointer-events: none;
  }
  @media (forced-colors: active) {
    /* What programs print has colours that mean something; they are legible by the terminal's own rules. */
    .frame {
      background: var(--terminal);
      forced-color-adjust: none;
    }
  }
  .touch {
    display: flex;
    flex: none;
    gap: var(--s0);
    padding: var(--s0);
    background: var(--surface);
  }
  .touch button {
    flex: 1;
    min-height: 44px;
    min-width: 0;
    padding: 0;
  }
  @container (max-height: 500px) {
    .frame {
      padding-top: 2px;
    }
    .touch {
      padding: 2px var(--s0);
    }
    .touch button {
      min-height: 36px;
    }
  }
  .screen {
    width: 100%;
    height: 100%;
  }
  .xterm {
    height: 100%;
  }
  /* Below the last whole row there is a part of one; it is black unless told otherwise. */
  .xterm .xterm-viewport {
    background: none;
  }
  .search,
  .link,
  .skipped {
    position: absolute;
    z-index: 5;
    display: inline-flex;
    align-items: center;
    border: 1px solid var(--line);
    background: var(--raised);
    font-size: var(--t0);
  }
  .search {
    top: var(--s0);
    right: 18px;
    max-width: calc(100% - 24px);
    padding: 2px;
    border-radius: var(--radius);
    box-shadow: var(--shadow);
  }
  .link {
    bottom: 0;
    left: 0;
    max-width: 80%;
    padding: 2px var(--s1);
    overflow: hidden;
    border-radius: 0 var(--radius) 0 0;
    text-overflow: ellipsis;
    white-space: nowrap;
  }
  .skipped {
    right: 18px;
    bottom: var(--s0);
    gap: 4px;
    padding: 2px var(--s1);
    border-radius: var(--radius);
    color: var(--warn);
  }
  input {
    width: 160px;
    min-width: 60px;
    height: 28px;
    padding: 0 var(--s1);
    border: 1px solid var(--line-strong);
    border-radius: var(--s0);
    background: var(--surface);
    color: var(--text);
    font: var(--t1) var(--sans);
  }
  .foot p {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    gap: var(--s1);
    padding: var(--s0) var(--s1);
    border-top: 1px solid var(--line);
    background: var(--surface);
    font-size: var(--t1);
  }
  .foot button {
    min-height: 28px;
    margin-left: auto;
  }
`;
