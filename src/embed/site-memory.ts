import { type Clock, delay } from '../base/clock';
import { createDeferred } from '../base/deferred';
import type { Disposable } from '../base/lifecycle';
import { withTimeout } from '../base/timeout';
import type { MemoryAnswer } from '../sdk/protocol';

/** How long a frame may take to say what it has, ms: it may be in the middle of a start. Who says nothing has gone. */
const answerMs = 2000;

/** How long the first ones may take to say that they are there, ms. */
const firstMs = 200;

const channelName = 'strata-embed-memory';

/** What the frames of an origin tell each other. */
export interface MemoryChannel {
  postMessage(message: MemoryNews): void;
  addEventListener(name: 'message', listener: (event: MessageEvent<MemoryNews>) => void): void;
  close(): void;
}

/** What a frame has, whenever that changes and whenever somebody asks. */
export interface MemoryNews {
  readonly from: string;
  readonly kind: 'asks' | 'has' | 'gone';
  readonly mib: number;
  /** When it began to want what it has not got yet, ms since the epoch; whoever began first is served first. */
  readonly wantedAt?: number;
}

export interface SiteMemoryOptions {
  readonly channel: MemoryChannel;
  readonly clock: Clock;
  readonly totalMiB: number;
  /** Of this frame, and nobody else's. */
  readonly id: string;
}

/**
 * The memory of all labs in frames that see each other: those below the same site in one browser, whether a page's module knows
 * of them or not. Nobody keeps a list; each says what it has when one asks. A BroadcastChannel is there where locks and storage
 * are denied, too, and browsers part it by the site of the page as they do with storage.
 */
export class SiteMemory implements Disposable {
  readonly #options: SiteMemoryOptions;
  /** What others have, or want since before this one did. */
  readonly #others = new Map<string, MemoryNews>();
  #mine: Omit<MemoryNews, 'from' | 'kind'> = { mib: 0 };
  readonly #first: Promise<void>;
  #awaited: { readonly from: Set<string>; readonly all: () => void } | undefined;

  constructor(options: SiteMemoryOptions) {
    this.#options = options;
    options.channel.addEventListener('message', ({ data }) => this.#hear(data));
    this.#say('asks');
    this.#first = delay(options.clock, firstMs);
  }

  /** Whether there is so much, in the place of what this frame has. 0 gives back. */
  async take(wantsMiB: number): Promise<MemoryAnswer> {
    const { clock, totalMiB } = this.#options;
    this.#mine = { mib: wantsMiB, wantedAt: clock.now() };
    if (wantsMiB > 0) {
      await this.#first;
      await this.#hearAll();
    }
    const left = totalMiB - this.#ofOthers();
    const granted = wantsMiB <= left;
    this.#mine = { mib: granted ? wantsMiB : 0 };
    this.#say('has');
    return { granted, left };
  }

  dispose(): void {
    this.#say('gone');
    this.#options.channel.close();
  }

  /** Asks, and waits until all that are known have said what they have. */
  async #hearAll(): Promise<void> {
    const heard = createDeferred<void>();
    this.#awaited = { from: new Set(this.#others.keys()), all: () => heard.resolve() };
    this.#say('asks');
    if (this.#awaited.from.size === 0) heard.resolve();
    await withTimeout(this.#options.clock, answerMs, 'They do not answer', heard.promise).catch(() => {
      for (const from of this.#awaited?.from ?? []) this.#others.delete(from);
    });
    this.#awaited = undefined;
  }

  #hear(news: MemoryNews): void {
    if (news.kind === 'gone') this.#others.delete(news.from);
    else this.#others.set(news.from, news);
    if (news.kind === 'asks') this.#say('has');
    this.#awaited?.from.delete(news.from);
    if (this.#awaited?.from.size === 0) this.#awaited.all();
  }

  #ofOthers(): number {
    const counted = [...this.#others.values()].filter((news) => this.#isBefore(news));
    return counted.reduce((sum, { mib }) => sum + mib, 0);
  }

  /** What somebody has counts, and what somebody began to want before this frame did. */
  #isBefore({ wantedAt, from }: MemoryNews): boolean {
    const mine = this.#mine.wantedAt;
    if (wantedAt === undefined || mine === undefined) return true;
    return wantedAt === mine ? from < this.#options.id : wantedAt < mine;
  }

  #say(kind: MemoryNews['kind']): void {
    const { channel, id } = this.#options;
    channel.postMessage({ from: id, kind, ...this.#mine });
  }
}

/** Undefined where the browser lets frames of one origin know nothing of each other. It ends with the page. */
export function openSiteMemory(options: Omit<SiteMemoryOptions, 'channel'>): SiteMemory | undefined {
  try {
    const memory = new SiteMemory({ ...options, channel: new BroadcastChannel(channelName) });
    // What goes into the back/forward cache is not there to answer.
    addEventListener('pagehide', () => memory.dispose(), { once: true });
    return memory;
  } catch {
    return undefined;
  }
}
