/** What was typed before the field for it was there. */
export interface TypedAhead {
  readonly text: string;
  /** Enter came after it. */
  readonly entered: boolean;
}

/** A part of the page that has not come by then does not come: its keys are the page's again. */
const longestMs = 5000;

let typed = { text: '', entered: false };
let stop: (() => void) | undefined;

/** Keeps what is typed from now on, for a field that is being fetched. */
export function keepTyping(): void {
  stop?.();
  typed = { text: '', entered: false };
  const hear = (event: KeyboardEvent): void => {
    const { key } = event;
    if (key === 'Enter') typed.entered = true;
    else if (key.length === 1 && !event.ctrlKey && !event.metaKey && !event.altKey) typed.text += key;
    else return;
    event.preventDefault();
    event.stopImmediatePropagation();
  };
  window.addEventListener('keydown', hear, { capture: true });
  const timer = setTimeout(() => stop?.(), longestMs);
  stop = () => {
    window.removeEventListener('keydown', hear, { capture: true });
    clearTimeout(timer);
    stop = undefined;
  };
}

/** The field is there, and has the keys from now on. */
export function takeTyped(): TypedAhead {
  stop?.();
  const taken = typed;
  typed = { text: '', entered: false };
  return taken;
}
