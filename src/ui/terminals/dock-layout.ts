/** A terminal, by the id of its tab. */
export type TabId = string;

/** Tabs in one place, one of them in view. */
export interface DockGroup {
  readonly kind: 'group';
  readonly id: string;
  readonly tabs: readonly TabId[];
  readonly active: TabId;
}

/** Two parts beside each other (`row`) or one below the other (`column`). */
export interface DockSplit {
  readonly kind: 'split';
  readonly id: string;
  readonly axis: 'row' | 'column';
  /** What the first part has of the whole, 0 to 1. */
  readonly share: number;
  readonly first: DockNode;
  readonly second: DockNode;
}

export type DockNode = DockGroup | DockSplit;

export interface DockLayout {
  /** Absent when no terminal is open. */
  readonly root?: DockNode;
  /** Id of the group that was used last. */
  readonly focused?: string;
}

/** A rectangle in shares of the dock, 0 to 1. */
export interface DockRect {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** Neither part of a split gets narrower than this. */
export const smallestShare = 0.1;

/** Groups that can be on the screen at once; more could not be read. */
export const groupLimit = 6;

export const emptyLayout: DockLayout = {};

/** All groups, from the first to the last on the screen. */
export function groupsOf(node: DockNode | undefined): readonly DockGroup[] {
  if (!node) return [];
  return node.kind === 'group' ? [node] : [...groupsOf(node.first), ...groupsOf(node.second)];
}

/** The group that was used last, or the first. */
export function focusedGroup(layout: DockLayout): DockGroup | undefined {
  const groups = groupsOf(layout.root);
  return groups.find((group) => group.id === layout.focused) ?? groups[0];
}

export function groupOfTab(layout: DockLayout, tab: TabId): DockGroup | undefined {
  return groupsOf(layout.root).find((group) => group.tabs.includes(tab));
}

/** Shows a tab; one that is not there yet comes into the group that was used last. */
export function showTab(layout: DockLayout, tab: TabId): DockLayout {
  const group = groupOfTab(layout, tab) ?? focusedGroup(layout);
  if (!group) return single(tab);
  const tabs = group.tabs.includes(tab) ? group.tabs : [...group.tabs, tab];
  return withGroup(layout, { ...group, tabs, active: tab });
}

/** Puts a tab (new, or taken from where it is) beside or below a group. Unchanged when there are groups enough. */
export function splitGroup(layout: DockLayout, groupId: string, axis: DockSplit['axis'], tab: TabId): DockLayout {
  const target = groupsOf(layout.root).find((group) => group.id === groupId);
  const alone = target?.tabs.length === 1 && target.tabs[0] === tab;
  if (!target || alone || groupsOf(layout.root).length >= groupLimit) return layout;
  const without = closeTab(layout, tab);
  const id = nextId(layout.root);
  const group: DockGroup = { kind: 'group', id: `g${id}`, tabs: [tab], active: tab };
  const root = mapNode(without.root, (node) =>
    node.kind === 'group' && node.id === groupId
      ? { kind: 'split', id: `s${id}`, axis, share: 0.5, first: node, second: group }
      : node,
  );
  return root ? { root, focused: group.id } : layout;
}

/** Takes a tab out; a group without tabs gives its room to its neighbour. */
export function closeTab(layout: DockLayout, tab: TabId): DockLayout {
  const root = layout.root && without(layout.root, tab);
  if (!root) return emptyLayout;
  return { root, ...(layout.focused === undefined ? {} : { focused: layout.focused }) };
}

/** Moves a tab into another group and shows it there. */
export function moveTab(layout: DockLayout, tab: TabId, groupId: string): DockLayout {
  const target = groupsOf(layout.root).find((group) => group.id === groupId);
  if (!target || target.tabs.includes(tab)) return layout;
  const cleared = closeTab(layout, tab);
  return withGroup(cleared, { ...target, tabs: [...target.tabs, tab], active: tab });
}

/** In each group those that are pinned stand first; otherwise the order stays. */
export function pinnedFirst(layout: DockLayout, pinned: (tab: TabId) => boolean): DockLayout {
  const root = mapNode(layout.root, (node) =>
    node.kind === 'group'
      ? { ...node, tabs: [...node.tabs.filter(pinned), ...node.tabs.filter((tab) => !pinned(tab))] }
      : node,
  );
  return root ? { ...layout, root } : layout;
}

export function resizeSplit(layout: DockLayout, splitId: string, share: number): DockLayout {
  const root = mapNode(layout.root, (node) =>
    node.kind === 'split' && node.id === splitId ? { ...node, share: clampShare(share) } : node,
  );
  return root ? { ...layout, root } : layout;
}

/** Where each group lies, and the whole that each split divides. */
export function placeNodes(node: DockNode | undefined): {
  readonly groups: readonly { readonly group: DockGroup; readonly rect: DockRect }[];
  readonly splits: readonly { readonly split: DockSplit; readonly rect: DockRect }[];
} {
  const groups: { group: DockGroup; rect: DockRect }[] = [];
  const splits: { split: DockSplit; rect: DockRect }[] = [];
  const place = (at: DockNode, rect: DockRect): void => {
    if (at.kind === 'group') {
      groups.push({ group: at, rect });
      return;
    }
    splits.push({ split: at, rect });
    const [first, second] = divide(rect, at);
    place(at.first, first);
    place(at.second, second);
  };
  if (node) place(node, { x: 0, y: 0, width: 1, height: 1 });
  return { groups, splits };
}

/** Reads a stored layout, by whatever version; only `known` tabs stay, each once. */
export function readLayout(stored: unknown, known: ReadonlySet<TabId>): DockLayout {
  const left = new Set(known);
  const root = readNode(isObject(stored) ? stored['root'] : undefined, left, { groups: 0, depth: 0 });
  const layout: DockLayout = root ? { root: renumber(root) } : emptyLayout;
  // A tab that the layout forgot is not lost.
  return [...left].reduce(showTab, layout);
}

function single(tab: TabId): DockLayout {
  return { root: { kind: 'group', id: 'g1', tabs: [tab], active: tab }, focused: 'g1' };
}

function withGroup(layout: DockLayout, group: DockGroup): DockLayout {
  const root = mapNode(layout.root, (node) => (node.kind === 'group' && node.id === group.id ? group : node));
  return root ? { root, focused: group.id } : layout;
}

function mapNode(node: DockNode | undefined, change: (node: DockNode) => DockNode): DockNode | undefined {
  if (!node) return undefined;
  const changed = change(node);
  if (changed !== node || node.kind === 'group') return changed;
  const first = mapNode(node.first, change) ?? node.first;
  const second = mapNode(node.second, change) ?? node.second;
  return first === node.first && second === node.second ? node : { ...node, first, second };
}

function without(node: DockNode, tab: TabId): DockNode | undefined {
  if (node.kind === 'group') {
    const at = node.tabs.indexOf(tab);
    if (at < 0) return node;
    const tabs = node.tabs.filter((each) => each !== tab);
    const active = node.active === tab ? (tabs[at] ?? tabs.at(-1)) : node.active;
    return active === undefined ? undefined : { ...node, tabs, active };
  }
  const first = without(node.first, tab);
  const second = without(node.second, tab);
  if (!first || !second) return first ?? second;
  return first === node.first && second === node.second ? node : { ...node, first, second };
}

function divide(rect: DockRect, { axis, share }: DockSplit): readonly [DockRect, DockRect] {
  if (axis === 'row') {
    const width = rect.width * share;
    return [
      { ...rect, width },
      { ...rect, x: rect.x + width, width: rect.width - width },
    ];
  }
  const height = rect.height * share;
  return [
    { ...rect, height },
    { ...rect, y: rect.y + height, height: rect.height - height },
  ];
}

function clampShare(share: number): number {
  return Number.isFinite(share) ? Math.min(1 - smallestShare, Math.max(smallestShare, share)) : 0.5;
}

/** One more than any number in use. */
function nextId(root: DockNode | undefined): number {
  let last = 0;
  mapNode(root, (node) => {
    last = Math.max(last, Number(node.id.slice(1)) || 0);
    return node;
  });
  return last + 1;
}

function renumber(root: DockNode): DockNode {
  let last = 0;
  const again = (node: DockNode): DockNode => {
    last += 1;
    const id = `${node.kind === 'group' ? 'g' : 's'}${last}`;
    return node.kind === 'group'
      ? { ...node, id }
      : { ...node, id, first: again(node.first), second: again(node.second) };
  };
  return again(root);
}

function readNode(stored: unknown, left: Set<TabId>, seen: { groups: number; depth: number }): DockNode | undefined {
  if (!isObject(stored) || seen.depth > groupLimit) return undefined;
  if (stored['kind'] === 'group') return readGroup(stored, left, seen);
  if (stored['kind'] !== 'split') return undefined;
  seen.depth += 1;
  const first = readNode(stored['first'], left, seen);
  const second = readNode(stored['second'], left, seen);
  seen.depth -= 1;
  if (!first || !second) return first ?? second;
  const share = typeof stored['share'] === 'number' ? clampShare(stored['share']) : 0.5;
  return { kind: 'split', id: 's0', axis: stored['axis'] === 'column' ? 'column' : 'row', share, first, second };
}

function readGroup(
  stored: Readonly<Record<string, unknown>>,
  left: Set<TabId>,
  seen: { groups: number },
): DockGroup | undefined {
  const named = Array.isArray(stored['tabs']) ? stored['tabs'] : [];
  const tabs = named.filter((tab): tab is TabId => typeof tab === 'string' && left.delete(tab));
  const [head] = tabs;
  if (head === undefined) return undefined;
  seen.groups += 1;
  if (seen.groups > groupLimit) {
    for (const tab of tabs) left.add(tab);
    return undefined;
  }
  const active = tabs.find((tab) => tab === stored['active']) ?? head;
  return { kind: 'group', id: 'g0', tabs, active };
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
