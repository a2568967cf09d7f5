import type { Clock } from '../../base/clock';
import { type Disposable, DisposableStore, toDisposable } from '../../base/lifecycle';
import { HttpClient } from '../../network/gateway/http-client';
import { expose } from '../../rpc/control';
import type { Lab } from '../lab';
import { CookieJar } from './cookie-jar';
import type { PreviewWords } from './preview-failure';
import { type PreviewHome, type PreviewOptions, PreviewService } from './preview-service';
import type { PreviewTarget } from './preview-target';

export interface PreviewsOptions {
  readonly lab: Pick<Lab, 'stations' | 'stationChanges' | 'connect'>;
  readonly clock: Clock;
  readonly randomBytes: (count: number) => Uint8Array;
  readonly words: PreviewWords;
}

/** Published ports as the browser sees them: their connections, and the cookies of each station. */
export class Previews implements Disposable {
  readonly #options: PreviewsOptions;
  readonly #home: PreviewHome;
  readonly #clients = new Map<string, { readonly instance: string; readonly client: HttpClient }>();
  readonly #jars = new Map<string, CookieJar>();
  readonly #disposables = new DisposableStore();

  constructor(options: PreviewsOptions) {
    this.#options = options;
    this.#home = {
      words: options.words,
      instances: () => options.lab.stations(),
      client: (target) => this.#client(target),
      ownClient: (target) => this.#connected(target),
      jar: (instance) => this.#jar(instance),
      randomBytes: options.randomBytes,
    };
    this.#disposables.add(options.lab.stationChanges((there) => this.#forget(new Set(there.map(({ id }) => id)))));
  }

  /** Answers for a published port; see {@link PreviewService}. */
  open(options: PreviewOptions): PreviewService {
    return new PreviewService(this.#home, options);
  }

  /** The same on a MessagePort, until it is ended. */
  serve(options: PreviewOptions, port: MessagePort): Disposable {
    expose(this.open(options), port);
    return toDisposable(() => port.close());
  }

  dispose(): void {
    this.#disposables.dispose();
    this.#forget(new Set());
  }

  #client(target: PreviewTarget): HttpClient {
    const { nic, port, instance } = target;
    const key = `${nic.network} ${nic.address}:${port}`;
    const known = this.#clients.get(key);
    if (known?.instance === instance.id) return known.client;
    known?.client.dispose();
    const client = this.#connected(target);
    this.#clients.set(key, { instance: instance.id, client });
    return client;
  }

  #connected({ nic: { network, address }, port }: PreviewTarget): HttpClient {
    const { lab, clock } = this.#options;
    return new HttpClient({ connect: () => lab.connect(network, { address, port }), clock });
  }

  #jar(instance: string): CookieJar {
    const known = this.#jars.get(instance) ?? new CookieJar(this.#options.clock);
    this.#jars.set(instance, known);
    return known;
  }

  #forget(there: ReadonlySet<string>): void {
    for (const id of this.#jars.keys()) if (!there.has(id)) this.#jars.delete(id);
    for (const [key, { instance, client }] of this.#clients) {
      if (there.has(instance)) continue;
      client.dispose();
      this.#clients.delete(key);
    }
  }
}
