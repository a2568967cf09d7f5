import { css } from 'lit';

/** What the views of containers share: states, tables, figures. */
export const containerStyles = css`
  .state {
    display: inline-flex;
    align-items: center;
    gap: 4px;
    color: var(--off);
    font: 500 var(--t0) / 1.4 var(--sans);
    white-space: nowrap;
  }
  .state.running {
    color: var(--good);
  }
  .state.restarting,
  .state.removing {
    color: var(--busy);
  }
  .state.paused {
    color: var(--warn);
  }
  .state.dead,
  .state.unhealthy {
    color: var(--bad);
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
    overflow-x: auto;
  }
  .scroll:focus-visible {
    outline-offset: -2px;
  }
  .muted {
    color: var(--muted);
  }
  .note {
    padding: var(--s3);
    color: var(--muted);
    font-size: var(--t1);
  }
`;
