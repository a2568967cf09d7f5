import { css } from 'lit';

export const fileBrowserStyles = css`
  :host {
    display: block;
    padding: 0;
    overflow: visible;
  }
  .tools {
    display: flex;
    flex-wrap: wrap;
    gap: var(--s0);
    padding: var(--s1);
    border-bottom: 1px solid var(--line);
  }
  form.name {
    display: flex;
    flex-wrap: wrap;
    gap: var(--s1);
    align-items: center;
    padding: var(--s1);
    border-bottom: 1px solid var(--line);
  }
  form.name input {
    width: min(320px, 60vw);
  }
  input[type='file'] {
    display: none;
  }
  .panel.over {
    outline: 2px dashed var(--accent);
  }
  [role='tree'] {
    max-height: 60vh;
    padding: var(--s0);
    overflow: auto;
  }
  [role='treeitem'] {
    display: flex;
    align-items: center;
    gap: 6px;
    min-height: 28px;
    padding-right: var(--s1);
    border-radius: var(--radius);
    font-size: var(--t1);
    cursor: pointer;
  }
  [role='treeitem']:hover {
    background: var(--hover);
  }
  [role='treeitem'][aria-selected='true'] {
    background: var(--selected);
  }
  [role='treeitem']:focus-visible {
    outline-offset: -2px;
  }
  .twist {
    display: inline-grid;
    flex: none;
    place-items: center;
    width: 16px;
    color: var(--muted);
  }
  [aria-expanded='false'] .twist .icon {
    transform: rotate(-90deg);
  }
  .file {
    overflow: hidden;
    font-family: var(--mono);
    font-size: var(--t0);
    text-overflow: ellipsis;
    white-space: nowrap;
  }
  .more {
    flex: none;
    margin-left: auto;
    color: var(--muted);
    font-size: var(--t0);
    font-variant-numeric: tabular-nums;
  }
  .none {
    padding: var(--s3);
    color: var(--muted);
    text-align: center;
  }
`;
