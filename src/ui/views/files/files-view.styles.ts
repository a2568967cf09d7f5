import { css } from 'lit';

export const filesViewStyles = css`
  .facts {
    display: flex;
    flex-wrap: wrap;
    gap: var(--s0) var(--s2);
    color: var(--muted);
    font-size: var(--t1);
  }
`;
