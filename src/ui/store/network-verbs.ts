import type { Egress, NetworkSpec } from '../../api/network';
import type { PageLab } from '../page-lab';
import { text } from '../text';
import type { Messages } from './messages';

/** What people do with networks. */
export class NetworkVerbs {
  readonly #lab: PageLab;
  readonly #messages: Messages;

  constructor(lab: PageLab, messages: Messages) {
    this.#lab = lab;
    this.#messages = messages;
  }

  egressProblem(egress: Egress | undefined): string | undefined {
    return this.#lab.egressProblem(egress);
  }

  setEgress(network: string, egress: Egress | undefined): void {
    this.#messages.attempt(text.networks.egressNotChanged(network), () => this.#lab.setEgress(network, egress));
  }

  setEngineApi(network: string, allowed: boolean): void {
    this.#messages.attempt(text.networks.egressNotChanged(network), () => this.#lab.setEngineApi(network, allowed));
  }

  problem(spec: NetworkSpec): string | undefined {
    return this.#lab.networkProblem(spec);
  }

  /** Throws what is wrong with it. */
  make(spec: NetworkSpec): Promise<void> {
    return this.#lab.createNetwork(spec);
  }

  create(spec: NetworkSpec): void {
    this.#messages.attempt(text.networks.notCreated(spec.name), () => this.make(spec));
  }

  /** A network without ports can be had again as it was. */
  remove(name: string): void {
    const spec = this.#lab.networks().find((network) => network.name === name);
    this.#messages.attempt(text.networks.notRemoved(name), async () => {
      await this.#lab.removeNetwork(name);
      if (spec) this.#messages.offerUndo(text.networks.removed(name), () => this.create(spec));
    });
  }
}
