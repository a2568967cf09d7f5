import { css } from 'lit';

/** Views that say what they are about, and have their panels below each other. */
export const aboutStyles = css`
  .about {
    max-width: 90ch;
    margin-bottom: var(--s2);
    color: var(--muted);
    font-size: var(--t1);
  }
  .panel + .panel {
    margin-top: var(--s2);
  }
  .panel > h3 {
    padding: 12px;
    border-bottom: 1px solid var(--line);
  }
`;
