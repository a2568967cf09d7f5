import { css, html } from 'lit';
import type { Store } from '../../store';

/** How the dialogs look in which a program is chosen and given files. */
export const programStyles = css`
  .about {
    color: var(--muted);
    font-size: var(--t1);
  }
  .program {
    display: grid;
    grid-template-columns: 1fr auto;
    align-items: end;
    gap: var(--s1);
  }
  .file textarea {
    grid-column: 1 / -1;
  }
  textarea {
    font-family: var(--mono);
    font-size: var(--t1);
    resize: vertical;
  }
  input[type='file'] {
    display: none;
  }
`;

/** Lines of a field that say something. */
export function linesOf(text: string): readonly string[] {
  return text.split('\n').flatMap((line) => (line.trim() === '' ? [] : [line.trim()]));
}

/** Files that were chosen. */
export function filesOf({ target }: Event): readonly File[] {
  return target instanceof HTMLInputElement ? [...(target.files ?? [])] : [];
}

/** The networks there are, to choose one of. */
export function networkOptions(store: Store, chosen: string) {
  return store.networks.value.map(
    ({ name, subnet }) => html`<option value=${name} ?selected=${name === chosen}>${name} (${subnet})</option>`,
  );
}
