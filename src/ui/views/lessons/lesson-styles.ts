import { css } from 'lit';

/** Texts of lessons, and the parts around them. */
export const lessonStyles = css`
  .text {
    max-width: 68ch;
    line-height: 1.55;
    overflow-wrap: anywhere;
  }
  .text > * + * {
    margin-top: 12px;
  }
  .text h3,
  .text h4,
  .text h5 {
    margin-top: var(--s3);
    font-size: var(--t3);
  }
  .text ul,
  .text ol {
    padding-left: 1.4em;
    list-style: revert;
  }
  .text li + li {
    margin-top: 4px;
  }
  .text blockquote {
    margin: 0;
    padding: var(--s1) var(--s2);
    border-left: 3px solid var(--accent);
    background: var(--raised);
  }
  .text blockquote > * + * {
    margin-top: var(--s1);
  }
  code,
  pre {
    font-family: var(--mono);
    font-size: var(--t1);
  }
  p code,
  li code,
  td code,
  th code {
    padding: 1px 4px;
    border-radius: var(--s0);
    background: var(--hover);
  }
  .text table {
    width: auto;
    min-width: 50%;
  }
  .text th,
  .text td {
    height: auto;
    padding: 6px 12px 6px 0;
    white-space: normal;
    vertical-align: top;
  }
  .block {
    border: 1px solid var(--line);
    border-radius: var(--radius);
    background: var(--surface);
    overflow: hidden;
  }
  .block pre,
  .text > pre {
    margin: 0;
    padding: 10px 12px;
    overflow-x: auto;
    line-height: 1.45;
  }
  .block .act {
    display: flex;
    flex-wrap: wrap;
    gap: var(--s0);
    padding: var(--s0);
    border-top: 1px solid var(--line);
  }
  .panel {
    padding: 12px var(--s2);
  }
  .panel + .panel,
  .text + .panel,
  .panel + .text {
    margin-top: var(--s2);
  }
  .panel h3 {
    margin-bottom: var(--s1);
  }
  .muted {
    color: var(--muted);
  }
`;
