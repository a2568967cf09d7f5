import { css } from 'lit';

export const taskDrawerStyles = css`
  :host {
    border-top: 1px solid var(--line);
    background: var(--surface);
    font-size: var(--t1);
  }
  .bar {
    display: flex;
    align-items: center;
    gap: var(--s1);
    min-height: 40px;
    padding: 0 var(--s1);
  }
  .bar > button {
    flex: none;
  }
  slot {
    display: block;
    min-width: 0;
    margin-left: auto;
  }
  .bar > .muted {
    /* Gives way first. */
    flex-shrink: 1000;
    min-width: 0;
  }
  .count {
    padding: 2px 6px;
    border-radius: 10px;
    background: var(--selected);
    font-size: var(--t0);
  }
  .latest {
    display: flex;
    flex: 1;
    align-items: center;
    gap: var(--s1);
    min-width: 0;
  }
  .bar > .muted,
  .title,
  .phase {
    overflow: hidden;
    text-overflow: ellipsis;
    white-space: nowrap;
  }
  .latest button {
    margin-left: auto;
  }
  .muted {
    color: var(--muted);
  }
  .none {
    padding: var(--s1) var(--s2) var(--s2);
  }
  .scroll {
    max-height: min(34vh, 320px);
    overflow: auto;
    border-top: 1px solid var(--line);
  }
  .scroll:focus-visible {
    outline-offset: -2px;
  }
  table {
    width: 100%;
    border-collapse: collapse;
  }
  th,
  td {
    padding: var(--s1) var(--s2);
    border-bottom: 1px solid var(--line);
    font-weight: 400;
    text-align: left;
    vertical-align: top;
  }
  thead th {
    position: sticky;
    top: 0;
    background: var(--surface);
    color: var(--muted);
    font-size: var(--t0);
  }
  th[scope='row'] {
    font-weight: 500;
    white-space: nowrap;
  }
  .when {
    display: block;
    font-weight: 400;
    font-size: var(--t0);
  }
  .time {
    font-variant-numeric: tabular-nums;
    white-space: nowrap;
  }
  .time button {
    margin-left: var(--s1);
  }
  .error {
    margin-top: var(--s0);
    color: var(--bad);
    overflow-wrap: anywhere;
  }
  .state {
    display: inline-flex;
    align-items: center;
    gap: 4px;
    white-space: nowrap;
  }
  .running {
    color: var(--busy);
  }
  .succeeded {
    color: var(--good);
  }
  .failed {
    color: var(--bad);
  }
  .canceled {
    color: var(--muted);
  }
  progress {
    width: 96px;
    height: 6px;
    margin-left: var(--s1);
    accent-color: var(--accent);
  }
  @media (max-width: 720px) {
    .phase,
    .latest > .muted {
      display: none;
    }
    th,
    td {
      padding: var(--s1);
    }
    th[scope='row'] {
      white-space: normal;
    }
  }
  /* What has ended is in the list; what runs has a line of its own. */
  @media (max-width: 400px) {
    .latest {
      display: none;
    }
    .bar:has(.count) {
      flex-wrap: wrap;
      padding-block: var(--s0);
    }
    .bar:has(.count) .latest {
      display: flex;
      flex-basis: 100%;
      order: 1;
    }
  }
`;
