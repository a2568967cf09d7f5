/*
 * Run in the page: each function is handed over as it is, so that nothing else of this file is in reach of it.
 */

/** Where texts are looked for, as selectors. */
export interface TextPlace {
  /** In the page's own element; the whole document, with its title, where it is not given. */
  readonly within?: string | undefined;
  /** What in there is not the page's: what guests print, what is in files. */
  readonly without?: string | undefined;
}

/** Texts that can be seen or are read out, but for code and what is typed. */
export function readTexts({ within, without }: TextPlace): string[] {
  const found: string[] = [];
  const told = ['label', 'description', 'roledescription', 'valuetext'].map((name) => `aria-${name}`);
  const attributes = [...told, 'title', 'placeholder', 'alt', 'label'];
  const skipped = ['style, script, pre, code, kbd, samp, textarea, .xterm, [translate="no"]', without]
    .filter(Boolean)
    .join(', ');
  const visit = (node: ParentNode): void => {
    for (const child of node.childNodes) {
      if (child instanceof Text) {
        if (child.data.trim() !== '') found.push(child.data.trim());
      } else if (child instanceof HTMLElement || child instanceof SVGElement) {
        // A closed list of choices has them all the same.
        if (!child.matches('option, optgroup') && !child.checkVisibility()) continue;
        if (without && child.matches(without)) continue;
        for (const name of attributes) {
          const value = child.getAttribute(name);
          if (value) found.push(value);
        }
        if (child instanceof HTMLInputElement && child.readOnly && child.value) found.push(child.value);
        if (child.matches(skipped)) continue;
        if (child instanceof HTMLDetailsElement) child.open = true;
        if (child.shadowRoot) visit(child.shadowRoot);
        visit(child);
      }
    }
  };
  if (within === undefined) {
    found.push(document.title);
    visit(document);
  } else {
    const view = document.querySelector('strata-app')?.shadowRoot?.querySelector(within);
    if (view?.shadowRoot) visit(view.shadowRoot);
    if (view) visit(view);
  }
  return found;
}

/**
 * Texts that cannot be read whole, and buttons and fields that cannot be reached: cut off by the box that they stand in, with neither a way to scroll nor an ellipsis that has
 * the whole as its title, beyond the window, or under another text.
 */
export function readCutTexts(): string[] {
  interface Line {
    readonly node: Text | Element;
    readonly rect: DOMRect;
    /** What stands above the rest of the page, as menus do. */
    readonly layer: Element | undefined;
  }
  const found = new Set<string>();
  const lines: Line[] = [];

  const parentOf = (node: Node): Element | undefined => {
    const slot = node instanceof Element || node instanceof Text ? node.assignedSlot : null;
    if (slot) return slot;
    const { parentNode } = node;
    if (parentNode instanceof ShadowRoot) return parentNode.host;
    return parentNode instanceof Element ? parentNode : undefined;
  };
  const around = (node: Node): readonly Element[] => {
    const all: Element[] = [];
    for (let at = parentOf(node); at; at = parentOf(at)) all.push(at);
    return all;
  };
  const nameOf = (node: Text | Element): string => {
    const places = around(node).slice(0, 3).toReversed();
    const named = places.map((at) => [at.localName, ...at.classList].join('.'));
    const own = node instanceof Text ? `"${node.data.trim().slice(0, 60)}"` : (node.ariaLabel ?? node.localName);
    return `${own} in ${named.join(' > ')}`;
  };

  /** What is to be seen of it once all around it has been scrolled to; undefined where it is cut, or is for reading out alone. */
  const shownOf = (node: Text | Element, whole: DOMRect): Line | undefined => {
    let rect = whole;
    for (const at of around(node)) {
      const { overflowX, overflowY, position, display, textOverflow } = getComputedStyle(at);
      const box = at.getBoundingClientRect();
      if (display === 'contents') continue;
      if (box.width <= 1 || box.height <= 1) return undefined;
      const hides = (overflow: string): boolean => overflow === 'hidden' || overflow === 'clip';
      const beside = hides(overflowX) && (rect.right > box.right + 1 || rect.left < box.left - 1);
      const below = hides(overflowY) && (rect.bottom > box.bottom + 2 || rect.top < box.top - 2);
      if (beside && textOverflow === 'ellipsis' && at.closest('[title]')) return undefined;
      if (beside || below) {
        found.add(`cut ${beside ? 'beside' : 'below'}: ${nameOf(node)}`);
        return undefined;
      }
      if (/auto|scroll/.test(`${overflowX} ${overflowY}`)) {
        const [left, top] = [Math.max(rect.left, box.left), Math.max(rect.top, box.top)];
        const [right, bottom] = [Math.min(rect.right, box.right), Math.min(rect.bottom, box.bottom)];
        if (right - left <= 1 || bottom - top <= 1) return undefined;
        rect = new DOMRect(left, top, right - left, bottom - top);
      }
      if (position === 'fixed' || at.matches('dialog, :popover-open')) return { node, rect, layer: at };
    }
    return { node, rect, layer: undefined };
  };

  const look = (node: Text | Element): void => {
    const range = document.createRange();
    if (node instanceof Text) range.selectNodeContents(node);
    for (const rect of (node instanceof Text ? range : node).getClientRects()) {
      const line = shownOf(node, rect);
      if (!line) continue;
      if (line.rect.right > innerWidth + 1) found.add(`beyond the window: ${nameOf(node)}`);
      if (node instanceof Text) lines.push(line);
    }
  };
  const visit = (root: ParentNode): void => {
    for (const child of root.childNodes) {
      if (child instanceof Text) {
        if (child.data.trim() !== '') look(child);
      } else if (child instanceof Element && !child.matches('style, script, option, .xterm, .skip')) {
        if (!child.checkVisibility({ opacityProperty: true, visibilityProperty: true })) continue;
        // What can be pressed has to be in reach, with words or without.
        if (child.matches('button, input, select')) look(child);
        if (child.shadowRoot) visit(child.shadowRoot);
        visit(child);
      }
    }
  };
  visit(document.body);

  /** Whether nothing else, such as a dialog, stands before it. */
  const isOnTop = ({ node, rect }: Line): boolean => {
    const at = [rect.left + rect.width / 2, rect.top + rect.height / 2] as const;
    let top = document.elementFromPoint(...at);
    for (let inner = top; inner; ) {
      top = inner;
      const deeper: Element | null = top.shadowRoot?.elementFromPoint(...at) ?? null;
      inner = deeper === top ? null : deeper;
    }
    return top !== null && around(node).includes(top);
  };
  const shown = lines.filter(isOnTop);
  for (const [index, one] of shown.entries()) {
    for (const other of shown.slice(index + 1)) {
      if (one.node === other.node || one.layer !== other.layer) continue;
      const across = Math.min(one.rect.right, other.rect.right) - Math.max(one.rect.left, other.rect.left);
      const down = Math.min(one.rect.bottom, other.rect.bottom) - Math.max(one.rect.top, other.rect.top);
      if (across > 3 && down > 5) found.add(`overlap: ${nameOf(one.node)} and ${nameOf(other.node)}`);
    }
  }
  return [...found];
}
