import { html, nothing, type SVGTemplateResult, svg } from 'lit';
import { guard } from 'lit/directives/guard.js';
import { repeat } from 'lit/directives/repeat.js';
import type { LayoutPoint } from '../../../api/layout';
import { icon, iconStyles } from '../../elements/icon/icon';
import { isMenuKey, requestMenu } from '../../elements/menu/menu';
import { following } from '../../following';
import type { Store } from '../../store';
import { define, StrataElement } from '../../strata-element';
import { baseStyles, buttonStyles, tableStyles, viewStyles } from '../../styles/base';
import { text } from '../../text';
import { topologyText } from '../../text/topology';
import { freePlace } from '../../topology/free-place';
import type { LinkLook } from '../../topology/link-looks';
import { isBusy, type LinkTraffic, linkWidth } from '../../topology/link-traffic';
import { LiveTopology } from '../../topology/live-topology';
import { rateSize } from '../../topology/rate-places';
import type { TopologyGraph, TopologyLink, TopologyNode } from '../../topology/topology-graph';
import { cablePath, type Direction, neighbourOf, type Rect, type TopologyPlaces } from '../../topology/topology-layout';
import { actOn, instanceMenu } from '../instance/instance-actions';
import { linkDetails } from './link-details';
import { rateWords } from './rate-words';
import { nodeAddress, nodeLabel, nodePicture } from './topology-node';
import { topologyTable } from './topology-table';
import { topologyStyles } from './topology-view.styles';

/** Sizes of the picture beside those of the page's type, which it grows with. */
const zooms = [0.5, 0.65, 0.8, 1, 1.25, 1.5] as const;
const usualZoom = 3;

/** What one press of Shift and an arrow moves a node by. */
const keyStep = 16;

/** Letters that surely have the room that rates have. */
const rateLetters = 23;

/** A press that moves less than this is a click. */
const clickSlack = 4;

const directions: Readonly<Record<string, Direction>> = {
  ArrowLeft: 'left',
  ArrowRight: 'right',
  ArrowUp: 'up',
  ArrowDown: 'down',
};

interface Drag {
  readonly id: string;
  readonly from: Rect;
  readonly startX: number;
  readonly startY: number;
  /** Where it was placed before, if it was. */
  readonly kept?: LayoutPoint;
  moved: boolean;
}

/** The lab as a picture: networks, what is plugged into them, containers in their hosts, and the traffic between. */
export class TopologyView extends StrataElement {
  static override properties = {
    store: { attribute: false },
    zoom: { state: true },
    asTable: { state: true },
    chosen: { state: true },
    focused: { state: true },
  };
  declare store: Store | undefined;
  declare private zoom: number;
  declare private asTable: boolean;
  /** The link whose traffic is shown. */
  declare private chosen: string | undefined;
  /** The node that Tab leads to. */
  declare private focused: string | undefined;
  #live: LiveTopology | undefined;
  #drag: Drag | undefined;

  static override styles = [baseStyles, buttonStyles, iconStyles, tableStyles, viewStyles, topologyStyles];

  constructor() {
    super();
    this.store = undefined;
    this.zoom = usualZoom;
    this.asTable = false;
    this.chosen = undefined;
    this.focused = undefined;
  }

  /** Times that everything was laid out anew; for tests. */
  get layouts(): number {
    return this.#live?.layouts ?? 0;
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#live?.dispose();
    this.#live = undefined;
  }

  override render() {
    const { store } = this;
    if (!store || !this.isConnected) return nothing;
    this.#live ??= new LiveTopology(store);
    const live = this.#live;
    const graph = live.graph.value;
    return html`
      <div class="top">
        <h2>${topologyText.heading}</h2>
        <div class="buttons" role="toolbar" aria-label=${topologyText.show}>
          ${
            this.asTable
              ? nothing
              : html`
                <button class="icon" aria-label=${topologyText.smaller} title=${topologyText.smaller} ?disabled=${this.zoom === 0} @click=${() => this.#zoomBy(-1)}>${icon('minus')}</button>
                <button class="icon" aria-label=${topologyText.larger} title=${topologyText.larger} ?disabled=${this.zoom === zooms.length - 1} @click=${() => this.#zoomBy(1)}>${icon('plus')}</button>
                <button @click=${() => this.#place(store, undefined)}>${icon('reset')}${topologyText.arrange}</button>`
          }
          <button aria-pressed=${this.asTable} @click=${() => this.#toggleTable()}>${icon('tasks')}${topologyText.table}</button>
        </div>
      </div>
      ${this.asTable ? this.#table(live, graph) : this.#picture(store, live, graph)}
      ${this.#details(store, live, graph)}
    `;
  }

  #table({ traffic }: LiveTopology, graph: TopologyGraph) {
    const rows = (now: ReadonlyMap<string, LinkTraffic>) => topologyTable(graph, now, (link) => this.#choose(link));
    return html`<div class="listed">${following(traffic, rows)}</div>`;
  }

  #picture(store: Store, live: LiveTopology, graph: TopologyGraph) {
    const { nodes: places, width, height } = live.places.value;
    const scale = zooms[this.zoom] ?? 1;
    const stop = places.has(this.focused ?? '') ? this.focused : graph.nodes[0]?.id;
    return html`
      <p class="hint" id="hint">${topologyText.hint}</p>
      <div class="picture">
        <svg class="map" role="group" aria-label=${topologyText.label} aria-describedby="hint" width="${(width * scale) / 16}rem" height="${(height * scale) / 16}rem" viewBox="0 0 ${width} ${height}">
          <rect class="site" x="10" y="10" width=${width - 20} height=${height - 20} rx="12" />
          <text class="small" x="24" y="28">${topologyText.site}</text>
          ${repeat(
            graph.links,
            ({ id }) => id,
            (link) => this.#link(link, graph, live),
          )}
          ${repeat(
            graph.links,
            ({ id }) => id,
            ({ id }) => guard([id, live], () => svg`${following(live.looks.of(id), (look) => rateText(id, look))}`),
          )}
          ${repeat(
            graph.nodes,
            ({ id }) => id,
            (node) => this.#node(store, node, live.places.value, node.id === stop),
          )}
        </svg>
      </div>
    `;
  }

  #node(store: Store, node: TopologyNode, places: TopologyPlaces, stop: boolean) {
    const rect = places.nodes.get(node.id);
    if (!rect) return nothing;
    const cards = places.cards.get(node.id) ?? [];
    const sides = cards.map(({ side }) => side).join();
    const { x, y, width, height } = rect;
    return guard([node, x, y, width, height, sides, stop], (): SVGTemplateResult => {
      return svg`<a
        class="node ${node.kind}"
        data-node=${node.id}
        href=${nodeAddress(node)}
        tabindex=${stop ? 0 : -1}
        draggable="false"
        transform="translate(${x} ${y})"
        @pointerdown=${(event: PointerEvent) => this.#grab(event, node.id, rect)}
        @pointermove=${(event: PointerEvent) => this.#move(event)}
        @pointerup=${(event: PointerEvent) => this.#drop(event, store)}
        @pointercancel=${() => this.#letGo()}
        @click=${(event: MouseEvent) => this.#click(event, store)}
        @focus=${() => this.#focus(node.id)}
        @keydown=${(event: KeyboardEvent) => this.#key(event, store, node)}
      ><title>${nodeLabel(node)}</title>${guard([node, width, height, sides], () => nodePicture(node, rect, cards))}</a>`;
    });
  }

  #link(link: TopologyLink, graph: TopologyGraph, { looks, places }: LiveTopology) {
    const cable = places.value.cables.get(link.id);
    if (!cable) return nothing;
    const path = cablePath(cable);
    const chosen = link.id === this.chosen;
    return guard([link, path, chosen], (): SVGTemplateResult => {
      const name = linkName(link, graph);
      return svg`<g class=${chosen ? 'chosen' : ''} data-link=${link.id} @click=${() => this.#choose(link.id)}>
        ${following(looks.of(link.id), (look) => linkPicture(look, path, name))}
      </g>`;
    });
  }

  #details(store: Store, { traffic }: LiveTopology, graph: TopologyGraph) {
    const link = graph.links.find(({ id }) => id === this.chosen);
    if (!link) return nothing;
    const name = linkName(link, graph);
    const nested = graph.nodes.find(({ id }) => id === link.from)?.nested ?? [];
    return following(traffic, (now) =>
      linkDetails({ store, link, name, traffic: now.get(link.id), nested, close: () => this.#closeDetails() }),
    );
  }

  #zoomBy(steps: number): void {
    this.zoom = Math.min(zooms.length - 1, Math.max(0, this.zoom + steps));
  }

  #toggleTable(): void {
    this.asTable = !this.asTable;
  }

  #choose(link: string | undefined): void {
    this.chosen = link;
  }

  /** Back to the node that they were asked for at. */
  #closeDetails(): void {
    this.#choose(undefined);
    void this.#goTo(this.focused);
  }

  #focus(id: string): void {
    this.focused = id;
  }

  #grab(event: PointerEvent, id: string, from: Rect): void {
    if (event.button !== 0) return;
    const kept = this.#live?.layout.value[id];
    this.#drag = { id, from, startX: event.clientX, startY: event.clientY, moved: false, ...(kept && { kept }) };
  }

  #move(event: PointerEvent): void {
    const drag = this.#drag;
    if (!drag) return;
    // It was let go of outside, before it was this node's alone.
    if (event.buttons === 0) {
      this.#letGo();
      return;
    }
    const far = Math.hypot(event.clientX - drag.startX, event.clientY - drag.startY);
    if (!drag.moved && far < clickSlack) return;
    if (!drag.moved) (event.currentTarget as Element).setPointerCapture(event.pointerId);
    drag.moved = true;
    this.#put(drag.id, this.#dragged(event, drag));
  }

  /** What was not put down is where it was. */
  #letGo(): void {
    const drag = this.#drag;
    this.#drag = undefined;
    if (drag?.moved) this.#put(drag.id, drag.kept);
  }

  /** Shows it there, or where it finds its place by itself. */
  #put(id: string, point: LayoutPoint | undefined): void {
    if (!this.#live) return;
    const { layout } = this.#live;
    const { [id]: _, ...others } = layout.value;
    layout.value = point ? { ...others, [id]: point } : others;
  }

  #drop(event: PointerEvent, store: Store): void {
    const drag = this.#drag;
    if (drag?.moved) this.#place(store, drag.id, this.#beside(drag.id, this.#dragged(event, drag)));
    // A click follows and is told apart by what was dragged.
    else this.#drag = undefined;
  }

  #click(event: MouseEvent, store: Store): void {
    if (this.#drag?.moved) event.preventDefault();
    else {
      const nested = event.composedPath().find((each) => each instanceof SVGElement && each.dataset['container']);
      const id = nested instanceof SVGElement ? nested.dataset['container'] : undefined;
      if (id !== undefined) {
        event.preventDefault();
        store.go({ view: 'container', id, tab: 'logs' });
      }
    }
    this.#drag = undefined;
  }

  #dragged(event: PointerEvent, { from, startX, startY }: Drag): LayoutPoint {
    const map = this.renderRoot.querySelector<SVGSVGElement>('svg.map');
    const scale = map?.getScreenCTM()?.a ?? 1;
    return {
      x: Math.max(0, Math.round(from.x + (event.clientX - startX) / scale)),
      y: Math.max(0, Math.round(from.y + (event.clientY - startY) / scale)),
    };
  }

  /** There, or beside what it would cover. */
  #beside(id: string, point: LayoutPoint, direction?: Direction): LayoutPoint | undefined {
    const places = this.#live?.places.value.nodes;
    const rect = places?.get(id);
    if (!places || !rect) return undefined;
    const others = [...places].filter(([other]) => other !== id).map(([, other]) => other);
    return freePlace({ ...rect, ...point }, others, direction);
  }

  #key(event: KeyboardEvent, store: Store, node: TopologyNode): void {
    if (!this.#live) return;
    const graph = this.#live.graph.value;
    const { nodes: places } = this.#live.places.value;
    const direction = directions[event.key];
    const rect = places.get(node.id);
    if (direction && rect) {
      event.preventDefault();
      if (event.shiftKey) this.#nudge(store, node, rect, direction);
      else void this.#goTo(neighbourOf(places, node.id, direction));
    } else if (event.key === 'Home' || event.key === 'End') {
      event.preventDefault();
      void this.#goTo(graph.nodes.at(event.key === 'Home' ? 0 : -1)?.id);
    } else if (isMenuKey(event)) {
      event.preventDefault();
      this.#menu(store, node, event.currentTarget as SVGElement);
    } else if (event.key.toLowerCase() === 'l' && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      this.#choose(this.#nextLink(graph, node.id));
    }
  }

  /** What can be done with an instance, and by keyboard the way to each container in a host. */
  #menu(store: Store, { id, name, nested }: TopologyNode, back: SVGElement): void {
    const record = store.instances.value.find((each) => each.id === id);
    if (!record) return;
    requestMenu(this, {
      label: text.table.menu(name),
      items: [
        ...instanceMenu(store, record),
        ...nested.map((each) => ({
          id: each.id,
          label: topologyText.open(each.name),
          icon: 'container' as const,
        })),
      ],
      place: back.getBoundingClientRect(),
      back,
      pick: (picked) => {
        if (nested.some((each) => each.id === picked)) store.go({ view: 'container', id: picked, tab: 'logs' });
        else actOn(store, record, picked);
      },
    });
  }

  /** Of a node with several cards each in turn. */
  #nextLink({ links }: TopologyGraph, node: string): string | undefined {
    const own = links.filter(({ from }) => from === node);
    const at = own.findIndex(({ id }) => id === this.chosen);
    return own[(at + 1) % own.length]?.id;
  }

  #nudge(store: Store, { id, name }: TopologyNode, { x, y }: Rect, direction: Direction): void {
    const step = { left: [-1, 0], right: [1, 0], up: [0, -1], down: [0, 1] }[direction];
    const wanted = {
      x: Math.max(0, x + (step[0] ?? 0) * keyStep),
      y: Math.max(0, y + (step[1] ?? 0) * keyStep),
    };
    // Past what is in its way; where nothing is free behind it, it stays.
    const point = this.#beside(id, wanted, direction) ?? { x, y };
    this.#place(store, id, point);
    store.announce(topologyText.placed(name, point.x, point.y));
  }

  async #goTo(id: string | undefined): Promise<void> {
    if (id === undefined) return;
    this.focused = id;
    await this.updateComplete;
    this.renderRoot.querySelector<SVGElement>(`[data-node="${CSS.escape(id)}"]`)?.focus();
  }

  /** Without a node: everything finds its place by itself again. */
  #place(store: Store, id: string | undefined, point?: LayoutPoint): void {
    const placed = async (): Promise<void> => {
      const book = await store.layout();
      await (id === undefined || !point ? book?.clear() : book?.place(id, point));
    };
    placed().catch((error: unknown) => store.report(topologyText.notPlaced(topologyText.heading), error));
  }
}

function linkPicture({ up, rate }: LinkLook, path: string, name: string): SVGTemplateResult {
  return svg`
    <path class="cable ${isBusy(rate) ? 'busy' : ''} ${up ? '' : 'off'}" d=${path} stroke-width=${linkWidth(rate)} />
    <path class="hit" d=${path}><title>${name}</title></path>
  `;
}

/**
 * Over all cables, not only its own. Where there is no room for its rates, its width, the table and its own panel
 * tell.
 */
function rateText(link: string, { rate, at }: LinkLook): SVGTemplateResult {
  const words = at ? rateWords(rate) : '';
  // Longer words, of another language, are set closer: the room is what it is.
  const length = words.length > rateLetters ? rateSize.width : nothing;
  return svg`<text class="rate" data-rates=${link} x=${at?.x ?? 0} y=${at?.y ?? 0} textLength=${length} lengthAdjust="spacingAndGlyphs">${words}</text>`;
}

function linkName({ from, network, nic }: TopologyLink, { nodes }: TopologyGraph): string {
  return topologyText.link(nic, nodes.find(({ id }) => id === from)?.name ?? from, network);
}

define('strata-topology-view', TopologyView);
