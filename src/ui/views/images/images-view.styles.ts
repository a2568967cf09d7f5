import { css } from 'lit';

export const imagesViewStyles = css`
  form {
    display: flex;
    gap: var(--s1);
  }
  form input {
    min-width: min(320px, 60vw);
  }
  .panel {
    margin-bottom: var(--s2);
  }
  .panel > header {
    display: flex;
    flex-wrap: wrap;
    align-items: baseline;
    gap: var(--s1) var(--s2);
    padding: 12px var(--s2);
    border-bottom: 1px solid var(--line);
  }
  input[type='file'] {
    display: none;
  }
  tbody tr {
    cursor: pointer;
  }
  tbody tr[aria-selected='true'] {
    background: var(--selected);
  }
  /* The names of many containers would have what stands after them out of view. */
  .users {
    min-width: 16ch;
    padding-block: 6px;
    white-space: normal;
  }
  th button.name {
    padding: 0;
    border: 0;
    background: none;
    font-weight: 600;
  }
  .badge {
    display: inline-flex;
    align-items: baseline;
    gap: 4px;
    margin-left: var(--s1);
    color: var(--muted);
    font-weight: 400;
    font-size: var(--t0);
  }
  .badge .icon {
    align-self: center;
  }
  .badge.signed {
    color: var(--good);
  }
  .badge.invalid {
    color: var(--bad);
  }
  .usage {
    display: flex;
    flex-wrap: wrap;
    gap: var(--s0) var(--s2);
    align-items: center;
    color: var(--muted);
    font-size: var(--t1);
  }
  meter {
    width: 160px;
    height: 8px;
  }
  .pull {
    display: grid;
    grid-template-columns: max-content max-content minmax(80px, 1fr) max-content;
    gap: 4px var(--s2);
    align-items: center;
    padding: 12px var(--s2);
    font-size: var(--t1);
  }
  .load {
    display: grid;
    grid-template-columns: max-content minmax(80px, 1fr) max-content;
    gap: var(--s2);
    align-items: center;
    padding: 12px var(--s2);
    font-size: var(--t1);
  }
  .panel > header > button {
    margin-left: auto;
  }
  progress {
    width: 100%;
    accent-color: var(--accent);
  }
  .warning {
    padding: 0 var(--s2) 12px;
    color: var(--bad);
    font-size: var(--t1);
  }
  .layers {
    display: grid;
    grid-template-columns: minmax(220px, 2fr) 3fr;
  }
  .layers > ol {
    border-right: 1px solid var(--line);
  }
  .layers > ol button {
    display: grid;
    justify-content: stretch;
    justify-items: start;
    gap: 4px;
    width: 100%;
    height: auto;
    padding: 10px var(--s2);
    border: 0;
    border-radius: 0;
    border-bottom: 1px solid var(--line);
    background: none;
    text-align: left;
    white-space: normal;
  }
  .layers > ol button[aria-pressed='true'] {
    background: var(--selected);
  }
  .made {
    color: var(--muted);
    font: 400 var(--t0) / 1.3 var(--mono);
    overflow-wrap: anywhere;
  }
  .facts {
    color: var(--muted);
    font-weight: 400;
    font-size: var(--t0);
  }
  @media (max-width: 900px) {
    .layers {
      grid-template-columns: minmax(0, 1fr);
    }
    .layers > ol {
      border-right: 0;
    }
  }
`;
