import type { InstanceId } from '../../api/instance';
import type { Clock } from '../../base/clock';
import { toSandboxError } from '../../base/errors';
import type { Disposable } from '../../base/lifecycle';
import type { PreviewOptions } from '../../engine/previews/preview-service';
import type { Previews } from '../../engine/previews/previews';
import { pageScriptPath } from '../../preview/messages';
import { portText } from '../text/ports';
import { PreviewBridge } from './preview-bridge';
import { originOf, readPreviewConfig } from './preview-origin';

/** How a published port is shown. */
export type PreviewLink =
  | { readonly kind: 'origin'; readonly origin: string }
  /** In a frame that is no origin at all; the reason is for people. */
  | {
      readonly kind: 'opaque';
      /** What its pages believe to be at; there is no such address. */
      readonly origin: string;
      readonly serve: (port: MessagePort) => Disposable;
      readonly reason: string;
    };

export interface PreviewLinksOptions {
  readonly previews: Pick<Previews, 'serve'>;
  /** What `preview.json` says. */
  readonly config: () => Promise<unknown>;
  readonly clock: Clock;
}

/** The ways from published ports to the frames that show them, each made when it is first wanted. */
export class PreviewLinks implements Disposable {
  readonly #options: PreviewLinksOptions;
  readonly #links = new Map<string, Promise<PreviewLink>>();
  readonly #bridges = new Map<string, PreviewBridge>();
  #pattern: Promise<string | undefined> | undefined;

  constructor(options: PreviewLinksOptions) {
    this.#options = options;
  }

  /** Never fails: without an origin there is the other way. */
  open(instance: InstanceId, port: number): Promise<PreviewLink> {
    const key = `${instance}-${port}`;
    const link = this.#links.get(key) ?? this.#open(instance, port);
    this.#links.set(key, link);
    return link;
  }

  /** The ports that are published now; the ways to others end. */
  keep(published: ReadonlySet<string>): void {
    for (const key of [...this.#links.keys()]) {
      if (published.has(key)) continue;
      this.#links.delete(key);
      this.#bridges.get(key)?.dispose();
      this.#bridges.delete(key);
    }
  }

  dispose(): void {
    this.keep(new Set());
  }

  async #open(instance: InstanceId, port: number): Promise<PreviewLink> {
    const key = `${instance}-${port}`;
    const embedders = [location.origin, ...(location.ancestorOrigins ?? [])];
    try {
      this.#pattern ??= this.#readPattern();
      const pattern = await this.#pattern;
      if (pattern === undefined) return this.#opaque(instance, port, portText.preview.noConfig);
      const origin = originOf(pattern, instance, port);
      const options: PreviewOptions = { instance, port, origin, embedders, script: pageScriptPath };
      const serve = (end: MessagePort): Disposable => this.#options.previews.serve(options, end);
      const bridge = new PreviewBridge({ origin, serve, clock: this.#options.clock });
      this.#bridges.set(key, bridge);
      await bridge.ready;
      return { kind: 'origin', origin };
    } catch (error) {
      this.#bridges.get(key)?.dispose();
      this.#bridges.delete(key);
      const { message, details } = toSandboxError(error);
      return this.#opaque(instance, port, details['reason'] === 'timeout' ? portText.preview.noAnswer : message);
    }
  }

  async #readPattern(): Promise<string | undefined> {
    return readPreviewConfig(await this.#options.config(), location.origin);
  }

  /** The guest's pages believe to be at an address that there is not; nothing of it is ever asked of the network. */
  #opaque(instance: InstanceId, port: number, reason: string): PreviewLink {
    const origin = `http://${instance}-${port}.preview.invalid`;
    const options: PreviewOptions = { instance, port, origin, embedders: [] };
    return { kind: 'opaque', origin, serve: (end) => this.#options.previews.serve(options, end), reason };
  }
}
