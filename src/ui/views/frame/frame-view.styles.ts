import { css } from 'lit';

export const frameViewStyles = css`
  :host {
    display: flex;
    flex-direction: column;
    height: 100dvh;
    overflow: hidden;
    container-type: size;
  }
  .line {
    display: flex;
    flex: none;
    align-items: center;
    gap: var(--s1);
    min-height: 24px;
    padding: 0 var(--s1);
    border-bottom: 1px solid var(--line);
    background: var(--surface);
    color: var(--muted);
    font-size: var(--t0);
  }
  .line button {
    min-height: 22px;
    font-size: var(--t0);
  }
  .line .icon {
    width: 14px;
    height: 14px;
  }
  .facts {
    display: inline-flex;
    align-items: center;
    gap: var(--s0);
    overflow: hidden;
    margin-left: auto;
    text-overflow: ellipsis;
    white-space: nowrap;
  }
  .work {
    display: flex;
    flex: 1;
    flex-direction: column;
    min-width: 0;
    min-height: 0;
  }
  main,
  .view {
    display: flex;
    flex: 1;
    flex-direction: column;
    min-width: 0;
    min-height: 0;
  }
  .view {
    overflow: auto;
  }
  main:focus-visible {
    outline-offset: -2px;
  }
  strata-dock {
    flex: 1;
    min-height: 0;
  }
  .beside strata-dock {
    border-top: 1px solid var(--line);
  }
  .gone {
    display: grid;
    flex: 1;
    place-content: center;
    color: var(--muted);
    text-align: center;
  }
  strata-toast-list {
    position: absolute;
    z-index: 30;
    right: var(--s1);
    bottom: var(--s1);
    max-width: calc(100% - 2 * var(--s1));
  }
  @container (min-width: 640px) {
    .beside {
      flex-direction: row;
    }
    .beside .view {
      flex: 0 0 46%;
    }
    .beside strata-dock {
      border-top: 0;
      border-left: 1px solid var(--line);
    }
  }
  /* What only tells something goes; the way back stays. */
  @container (max-height: 260px) {
    .line:not(:has(button)) {
      display: none;
    }
  }
`;
