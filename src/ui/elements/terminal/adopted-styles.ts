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

/** Where the opened terminal keeps what makes the spans of its rows (xterm 6.0.0, whose version is pinned). */
const rowFactoryPath = ['_core', '_renderService', '_renderer', 'value', '_rowFactory'] as const;

/**
 * xterm gives spans their colours by a style attribute (contrast that was raised, 24-bit colours), which the
 * policy refuses as well. The document that makes the spans is replaced by one whose spans take the attribute
 * through CSSOM, which the policy allows. There is no option for that: where the path leads nowhere, such
 * colours are missing, which a test would tell.
 */
export function withStyledSpans(terminal: object): void {
  let at: unknown = terminal;
  for (const name of rowFactoryPath) at = isRecord(at) ? at[name] : undefined;
  if (isRecord(at)) at['_document'] = { createElement: createSpan };
}

function createSpan(tag: string): HTMLElement {
  const element = document.createElement(tag);
  element.setAttribute = setAttribute;
  return element;
}

/** `this` is the span: one function for all of them, as there are many. */
function setAttribute(this: HTMLElement, name: string, value: string): void {
  if (name === 'style') this.style.cssText = value;
  else Element.prototype.setAttribute.call(this, name, value);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
