import { css } from 'lit';

export const instanceTableStyles = css`
  .bar {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    gap: var(--s1);
    padding: 12px;
    border-bottom: 1px solid var(--line);
  }
  input[type='search'] {
    flex: 0 1 280px;
    height: var(--control);
    min-width: 160px;
    padding: 0 var(--s1);
    border: 1px solid var(--line-strong);
    border-radius: var(--radius);
    background: var(--bg);
    color: var(--text);
    font: var(--t1) var(--sans);
  }
  input[type='checkbox'] {
    width: 16px;
    height: 16px;
    margin: 0;
    accent-color: var(--accent);
  }
  .tight {
    width: 1px;
    padding: 0 4px 0 12px;
  }
  .sort {
    min-height: 28px;
    padding: 0 6px;
    margin: 0 -6px;
    color: inherit;
    font-size: inherit;
  }
  th.number .sort {
    flex-direction: row-reverse;
  }
  [aria-sort='ascending'] .sort,
  [aria-sort='descending'] .sort {
    color: var(--text);
  }
  tbody tr:hover,
  .cards li:hover {
    background: var(--hover);
  }
  tbody tr.chosen,
  .cards li.chosen {
    background: var(--selected);
  }
  tbody tr:last-child > * {
    border-bottom: 0;
  }
  a {
    display: inline-block;
    max-width: 260px;
    overflow: hidden;
    padding: 4px 0;
    color: var(--text);
    font-weight: 600;
    text-decoration: none;
    text-overflow: ellipsis;
    vertical-align: middle;
    white-space: nowrap;
  }
  a:hover {
    color: var(--accent);
    text-decoration: underline;
  }
  .cards li {
    display: grid;
    gap: 2px;
    padding: var(--s1) 12px;
    border-bottom: 1px solid var(--line);
  }
  .cards li:last-child {
    border-bottom: 0;
  }
  .line {
    display: flex;
    align-items: center;
    gap: 12px;
    min-width: 0;
  }
  .line a {
    flex: 1;
    min-width: 0;
    max-width: none;
  }
  .figures {
    flex-wrap: wrap;
    gap: 2px 12px;
    padding-left: 28px;
    color: var(--muted);
    font-size: var(--t0);
    font-variant-numeric: tabular-nums;
  }
  .empty {
    padding: var(--s3) 12px;
    color: var(--muted);
  }
`;
