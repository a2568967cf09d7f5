/**
 * Where the focus may be put without being a stop of Tab: headings, names of rows, the page's `main`. What arrows move
 * among has a role, or is a link.
 */
const place = '[tabindex="-1"]:not([role], a)';

/**
 * Whoever has pressed a button that an update replaces, disables or takes away stays where they were: the focus goes to
 * the nearest place (`tabindex="-1"`) around the button. Called before the update of what is in `root`; what it returns
 * is called after.
 */
export function keepFocus(root: ShadowRoot | null): () => void {
  const control = root?.activeElement;
  if (!control) return () => {};
  const around = [...nodesAround(control)];
  return () => {
    // A control that is taken away has lost the focus by now; one that is disabled loses it with the next picture.
    const lost = control.isConnected ? control.matches(':disabled') : document.activeElement === document.body;
    if (lost) nearestPlace(around)?.focus();
  };
}

/** Out of shadow trees, too, up to the document. */
function* nodesAround(control: Element): Generator<ParentNode & Node> {
  let node: Node | null = control.parentNode;
  while (node) {
    if (node instanceof Element || node instanceof ShadowRoot) yield node;
    node = node instanceof ShadowRoot ? node.host : node.parentNode;
  }
}

function nearestPlace(around: readonly (ParentNode & Node)[]): HTMLElement | undefined {
  for (const node of around) {
    if (!node.isConnected) continue;
    if (node instanceof HTMLElement && node.matches(place)) return node;
    const inside = node.querySelector<HTMLElement>(place);
    if (inside) return inside;
  }
  return undefined;
}
