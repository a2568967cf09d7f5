/**
 * xterm puts its colours into style elements, which a style-src without 'unsafe-inline' refuses. Handed to
 * xterm as its document, this makes such an element's text a constructed stylesheet of `root` instead,
 * which the policy allows because only script can make one.
 */
export function createStyleDocument(root: ShadowRoot): Document {
  const createElement = (tag: string, options?: ElementCreationOptions): HTMLElement =>
    tag === 'style' ? createAdoptedStyle(root) : document.createElement(tag, options);
  return new Proxy(document, {
    get(target, property) {
      if (property === 'createElement') return createElement;
      const value: unknown = Reflect.get(target, property, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

/** Stands where the style element would: its text goes to a sheet that lives as long as it does. */
function createAdoptedStyle(root: ShadowRoot): HTMLElement {
  const element = document.createElement('div');
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
