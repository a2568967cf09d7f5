import { type Disposable, toDisposable } from '../../../base/lifecycle';

/** What covers less than this is a bar of the browser, which comes and goes: CSS pixels. */
const smallestKeyboard = 80;

/**
 * What the keyboard on the screen leaves of the page, CSS pixels; undefined where it covers nothing, or where the browser has
 * made the page smaller by itself. A page that two fingers have enlarged is seen in part too, and stays as it is.
 */
export function seenHeight(
  { height, scale }: Pick<VisualViewport, 'height' | 'scale'>,
  innerHeight: number,
): number | undefined {
  const covered = innerHeight - height;
  return Math.abs(scale - 1) < 0.01 && covered > smallestKeyboard ? height : undefined;
}

/** Keeps the page as high as what is seen of it, and a terminal that is typed into in sight. */
export function followSeen(host: HTMLElement, page: HTMLElement): Disposable {
  const viewport = window.visualViewport;
  const measure = (): void => {
    const height = viewport && seenHeight(viewport, window.innerHeight);
    if (height) host.style.setProperty('--seen-height', `${height}px`);
    else host.style.removeProperty('--seen-height');
  };
  let typedInto = focusedElements().find(isTerminal);
  const show = (): void => {
    if (!typedInto || page.scrollHeight <= page.clientHeight) return;
    page.scrollTop += typedInto.getBoundingClientRect().bottom - page.getBoundingClientRect().bottom;
  };
  const enter = (event: Event): void => {
    typedInto = event.composedPath().find(isTerminal);
    show();
  };
  const leave = (): void => {
    typedInto = undefined;
  };
  const resized = new ResizeObserver(show);
  resized.observe(page);
  measure();
  show();
  viewport?.addEventListener('resize', measure);
  page.addEventListener('focusin', enter);
  page.addEventListener('focusout', leave);
  return toDisposable(() => {
    resized.disconnect();
    viewport?.removeEventListener('resize', measure);
    page.removeEventListener('focusin', enter);
    page.removeEventListener('focusout', leave);
  });
}

/** From the outermost to the innermost, which is in a shadow tree. */
function focusedElements(): readonly Element[] {
  const found: Element[] = [];
  for (let at = document.activeElement; at; at = at.shadowRoot?.activeElement ?? null) found.push(at);
  return found;
}

function isTerminal(target: EventTarget): target is Element {
  return target instanceof Element && target.localName === 'strata-terminal';
}
