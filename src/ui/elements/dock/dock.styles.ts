import { css } from 'lit';

export const dockStyles = css`
  :host(.whole) .stage {
    max-height: none;
  }
  :host {
    display: flex;
    flex-direction: column;
    min-height: 0;
    min-width: 0;
  }
  section {
    display: flex;
    flex: 1 1 auto;
    flex-direction: column;
    min-height: 0;
  }
  .stage {
    position: relative;
    max-height: 60dvh;
    flex: 1 1 auto;
    min-height: 0;
    background: var(--surface);
  }
  .height {
    flex: none;
    height: 1px;
  }
  .between {
    position: absolute;
    z-index: 4;
  }
  .strip {
    position: absolute;
    display: flex;
    align-items: stretch;
    height: 36px;
    border-bottom: 1px solid var(--line);
    background: var(--surface);
    container-type: inline-size;
    z-index: 5;
  }
  .tabs {
    display: flex;
    flex: 1;
    min-width: 0;
    overflow-x: auto;
    scrollbar-width: none;
  }
  [role='tab'] {
    flex: none;
    max-width: 220px;
    min-height: 35px;
    padding: 0 var(--s1) 0 12px;
    border: 0;
    border-right: 1px solid var(--line);
    border-bottom: 2px solid transparent;
    border-radius: 0;
    background: none;
    color: var(--muted);
    font-weight: 400;
  }
  [role='tab'][aria-selected='true'] {
    border-bottom-color: var(--line-strong);
    background: var(--bg);
    color: var(--text);
  }
  .focused [role='tab'][aria-selected='true'] {
    border-bottom-color: var(--accent);
  }
  [role='tab']:focus-visible {
    outline-offset: -3px;
  }
  [role='tab'] > .icon {
    color: var(--off);
  }
  [role='tab'].on > .icon {
    color: var(--good);
  }
  @media (forced-colors: active) {
    [role='tab'] {
      border-bottom-color: Canvas;
    }
    [role='tab'][aria-selected='true'] {
      border-bottom-color: Highlight;
    }
  }
  @media (max-height: 700px), (max-width: 720px) {
    .stage {
      max-height: 45dvh;
    }
  }
  @container (max-height: 500px) {
    .height {
      display: none;
    }
    .stage {
      height: auto !important;
      max-height: none;
    }
  }
  .label {
    overflow: hidden;
    line-height: 1.4;
    text-overflow: ellipsis;
  }
  .pin {
    display: inline-grid;
    place-items: center;
    width: 22px;
    color: var(--muted);
  }
  .close {
    display: inline-grid;
    place-items: center;
    width: 22px;
    height: 22px;
    border-radius: var(--s0);
    font-size: var(--t0);
    opacity: 0;
  }
  [role='tab']:hover .close,
  [role='tab'][aria-selected='true'] .close,
  [role='tab']:focus .close {
    opacity: 1;
  }
  .close:hover {
    background: var(--hover);
  }
  .tools {
    display: flex;
    flex: none;
    align-items: center;
    padding: 0 2px;
  }
  .tools button {
    min-height: 30px;
    min-width: 30px;
  }
  .wide {
    display: none;
  }
  @container (min-width: 420px) {
    .wide {
      display: inline-flex;
    }
  }
  .name {
    align-self: center;
    width: 150px;
    height: 26px;
    margin: 0 var(--s0);
    padding: 0 var(--s1);
    border: 1px solid var(--line-strong);
    border-radius: var(--s0);
    background: var(--surface);
    color: var(--text);
    font: var(--t1) var(--sans);
  }
  [role='tabpanel'] {
    position: absolute;
    display: flex;
    flex-direction: column;
    overflow: hidden;
  }
  .none {
    display: grid;
    place-content: center;
    gap: var(--s2);
    height: 100%;
    padding: var(--s2);
    color: var(--muted);
    text-align: center;
  }
  .none div {
    display: flex;
    flex-wrap: wrap;
    justify-content: center;
    gap: var(--s1);
  }
`;
