import { css } from 'lit';

export const terminalStyles = css`
  :host {
    display: flex;
    flex: 1;
    flex-direction: column;
    min-height: 0;
    background: var(--terminal, var(--surface));
  }
  .bar {
    display: flex;
    flex: none;
    flex-wrap: wrap;
    align-items: center;
    justify-content: flex-end;
    gap: 2px;
    min-height: 40px;
    padding: 2px var(--s1);
    border-bottom: 1px solid var(--line);
    background: var(--surface);
  }
  .title {
    flex: 1;
    min-width: 0;
    padding: 0 var(--s1);
    overflow: hidden;
    color: var(--muted);
    font-size: var(--t1);
    text-overflow: ellipsis;
    white-space: nowrap;
  }
  .skipped {
    display: inline-flex;
    align-items: center;
    gap: 4px;
    padding: 0 var(--s1);
    color: var(--warn);
    font-size: var(--t0);
  }
  .search {
    display: inline-flex;
    align-items: center;
  }
  input {
    width: 160px;
    height: 28px;
    padding: 0 var(--s1);
    border: 1px solid var(--line-strong);
    border-radius: var(--s0);
    background: var(--surface);
    color: var(--text);
    font: var(--t1) var(--sans);
  }
  .frame {
    position: relative;
    flex: 1;
    min-height: 96px;
    padding: var(--s1) 0 0 var(--s1);
  }
  .frame:focus-within::after {
    position: absolute;
    inset: 0;
    border: 2px solid var(--focus);
    content: '';
    pointer-events: none;
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
  .foot {
    display: flex;
    flex: none;
    justify-content: space-between;
    gap: var(--s2);
    padding: 2px var(--s1);
    border-top: 1px solid var(--line);
    background: var(--surface);
    color: var(--muted);
    font-size: var(--t0);
  }
  .leave {
    margin-left: auto;
    white-space: nowrap;
  }
`;
