import { css } from 'lit';

export const textEditorStyles = css`
  :host {
    display: block;
    margin-top: var(--s2);
    padding: 0;
    overflow: visible;
  }
  header,
  footer {
    display: flex;
    flex-wrap: wrap;
    gap: var(--s1);
    align-items: center;
    padding: var(--s1) var(--s2);
  }
  h3 {
    overflow-wrap: anywhere;
  }
  [role='status'] {
    margin-left: auto;
    color: var(--muted);
    font-size: var(--t0);
  }
  [role='alert'] p {
    margin: 0;
    padding: 0 var(--s2);
  }
  textarea {
    display: block;
    width: calc(100% - 2 * var(--s2));
    height: 40vh;
    margin: 0 var(--s2);
    font-family: var(--mono);
    font-size: var(--t0);
  }
`;
