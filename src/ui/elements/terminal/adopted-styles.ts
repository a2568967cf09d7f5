/**
 * xterm puts its colours and sizes into style elements that it makes while it opens; a style-src without
 * 'unsafe-inline' refuses their text. While `open` runs, such an element is replaced by one whose text, now
 * and later, becomes a constructed stylesheet of `root`, which the policy allows: only script can make one.
 * xterm's own `documentOverride` would do, but its viewport does not use it (6.0.0).
 */
export function withAdoptedStyles(root: ShadowRoot, open: () => void): void {
  const makeElement = document.createElement.bind(document);
  const createElement = (tag: string, options?: ElementCreationOptions): HTMLElement =>
    tag === 'style' ? createAdoptedStyle(root, makeElement('div')) : makeElement(tag, options);
  Object.defineProperty(document, 'createElement', { configurable: true, value: createElement });
  try {
    open();
  } finally {
    // The method of the prototype is seen again.
    Reflect.deleteProperty(document, 'createElement');
  }
}

/** Makes `element` stand where a style element would: its text goes to a sheet that lives as long as it does. */
function createAdoptedStyle(root: ShadowRoot, element: HTMLElement): HTMLElement {
  const sheet = new CSSStyleSheet();
  element.hidden = true;
  root.adoptedStyleSheets.push(sheet);
  Object.defineProperty(element, 'textContent', { set: (css: string) => sheet.replaceSync(css) });
  element.remove = () => {
    Element.prototype.remove.call(element);
    root.adoptedStyleSheets = root.adoptedStyleSheets.filter((adopted) => adopted !== sheet);
  };
  return element;
}
