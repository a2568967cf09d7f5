import type { EventMessage, EventOptions, Filters } from '../../api/container-event';
import type { Clock } from '../../base/clock';
import { createDeferred } from '../../base/deferred';
import { type Disposable, DisposableStore } from '../../base/lifecycle';
import { familiarName, parseReference } from '../../formats/reference';
import { checkFilters, labelsMatch } from './match-filters';

/** Docker remembers so many. */
const remembered = 256;
/** What a reader who does not read may have waiting; the oldest go. */
const waitingEvents = 1024;

/** Kinds of things that events can be asked for by their names; some of them there are none of here. */
const kinds = ['container', 'network', 'volume', 'daemon', 'plugin', 'service', 'node', 'secret', 'config'];
const filterKeys = ['type', 'event', 'image', 'label', 'scope', ...kinds];

/** What has happened to containers, images, networks and volumes, and what happens. */
export class EventLog implements Disposable {
  readonly #clock: Clock;
  readonly #past: EventMessage[] = [];
  /** Docker's events do not say who ran a command, and neither do ours. */
  readonly #ofHealthChecks = new WeakSet<EventMessage>();
  readonly #readers = new Set<(event: EventMessage) => void>();
  readonly #disposables = new DisposableStore();
  #lastNano = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  add(
    type: EventMessage['Type'],
    action: string,
    id: string,
    attributes: Readonly<Record<string, string>> = {},
    { ofHealthCheck = false }: { readonly ofHealthCheck?: boolean } = {},
  ): EventMessage {
    // Two of one millisecond still have an order by their times.
    this.#lastNano = Math.max(this.#clock.now() * 1e6, this.#lastNano + 1000);
    const legacy = type === 'container' || type === 'image';
    const event: EventMessage = {
      Type: type,
      Action: action,
      Actor: { ID: id, Attributes: attributes },
      scope: 'local',
      time: Math.floor(this.#lastNano / 1e9),
      timeNano: this.#lastNano,
      ...(legacy && { status: action, id }),
      ...(type === 'container' && { from: attributes['image'] ?? '' }),
    };
    if (ofHealthCheck) this.#ofHealthChecks.add(event);
    this.#past.push(event);
    if (this.#past.length > remembered) this.#past.shift();
    for (const reader of this.#readers) reader(event);
    return event;
  }

  /** Remembered ones when a time is asked for, then what happens, until the time that is asked for. */
  read({ since, until, filters = {}, withoutHealthChecks = false }: EventOptions = {}): ReadableStream<EventMessage> {
    checkFilters(filters, filterKeys);
    const wanted = (event: EventMessage): boolean =>
      (until === undefined || event.timeNano <= until * 1e6) &&
      !(withoutHealthChecks && this.#ofHealthChecks.has(event)) &&
      eventMatches(event, filters);
    const early = since !== undefined || until !== undefined;
    const queue = early
      ? this.#past.filter((event) => event.timeNano >= (since ?? 0) * 1e6).filter(wanted)
      : ([] as EventMessage[]);
    let wake = createDeferred<void>();
    let ended = until !== undefined && until <= this.#clock.now();
    const end = (): void => {
      ended = true;
      this.#readers.delete(hear);
      timer?.dispose();
      wake.resolve();
    };
    const hear = (event: EventMessage): void => {
      if (!wanted(event)) return;
      queue.push(event);
      if (queue.length > waitingEvents) queue.shift();
      wake.resolve();
    };
    const timer = ended || until === undefined ? undefined : this.#clock.after(until - this.#clock.now(), end);
    if (!ended) this.#readers.add(hear);
    this.#disposables.add({ dispose: end });
    return new ReadableStream<EventMessage>(
      {
        async pull(controller) {
          for (;;) {
            const event = queue.shift();
            if (event) return controller.enqueue(event);
            if (ended) return controller.close();
            wake = createDeferred();
            await wake.promise;
          }
        },
        cancel: end,
      },
      { highWaterMark: 0 },
    );
  }

  dispose(): void {
    this.#disposables.dispose();
  }
}

/** Values of one key are alternatives, keys must all fit; labels must fit all (moby, daemon/events/filter.go). */
export function eventMatches({ Type, Action, Actor, scope }: EventMessage, filters: Filters): boolean {
  const { Attributes, ID } = Actor;
  return Object.entries(filters).every(([key, values]) => {
    if (values.length === 0) return true;
    switch (key) {
      case 'type':
        return values.includes(Type);
      case 'event':
        // `exec_create: ls` is an `exec_create`.
        return values.some((value) => value === Action || Action.startsWith(`${value}:`));
      case 'label':
        return labelsMatch(values, Attributes);
      case 'scope':
        return values.includes(scope);
      case 'image': {
        // What happens to containers of an image is asked for by the image, too.
        const names = [ID, Attributes[Type === 'image' ? 'name' : 'image'] ?? ''];
        return names.some((name) => values.includes(name) || values.includes(withoutTag(name)));
      }
      default:
        return values.some((value) => ID.startsWith(value) || (Attributes['name'] ?? '').startsWith(value));
    }
  });
}

function withoutTag(name: string): string {
  try {
    return familiarName(parseReference(name));
  } catch {
    return name;
  }
}
