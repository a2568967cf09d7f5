import { css } from 'lit';

export const instanceViewStyles = css`
  :host {
    display: flex;
    flex: 1;
    flex-direction: column;
    min-height: 0;
    min-width: 0;
  }
  header {
    display: flex;
    flex: none;
    flex-wrap: wrap;
    align-items: center;
    justify-content: space-between;
    gap: var(--s1) var(--s2);
    padding: var(--s2);
    padding-bottom: var(--s1);
  }
  .name {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    gap: var(--s0) 12px;
    min-width: 0;
  }
  h2 {
    max-width: 100%;
    overflow: hidden;
    font-size: var(--t4);
    text-overflow: ellipsis;
  }
  .kind {
    color: var(--muted);
    font-size: var(--t1);
  }
  .actions {
    display: flex;
    flex-wrap: wrap;
    gap: var(--s1);
  }
  .reason {
    flex-basis: 100%;
    color: var(--muted);
    font-size: var(--t1);
    overflow-wrap: anywhere;
  }
  .bad {
    padding: var(--s1) 12px;
    border-left: 3px solid var(--bad);
    border-radius: var(--s0);
    background: var(--bad-bg);
    color: var(--text);
  }
  strata-instance-figures {
    flex-basis: 100%;
  }
  strata-tab-list {
    flex: 1;
    min-height: 0;
  }
  @media (max-width: 720px) {
    header {
      padding: 12px;
      padding-bottom: 0;
    }
    .actions span {
      font-size: var(--t0);
    }
    .actions button {
      padding: 0 var(--s1);
    }
  }
`;
