import type { Instance, InstanceResources, VmSpec } from '../../api/instance';
import type { Executor } from './agent-files';
import { setHostname, setHosts, setNames } from './guest-names';
import type { Identity } from './vm-protocol';

/** A vm from outside: what it is called, whether it runs, and programs for it. */
type Guest = Executor & Pick<Instance, 'state'> & { readonly spec: VmSpec };

/** What a guest knows of names: its own, and those of its networks. What changes while it stands still it is told later. */
export class VmNames {
  readonly #guest: Guest;
  readonly #surroundings: Pick<InstanceResources, 'hosts'> | undefined;
  #changed = false;

  constructor(guest: Guest, surroundings: Pick<InstanceResources, 'hosts'> | undefined) {
    this.#guest = guest;
    this.#surroundings = surroundings;
  }

  /** For a guest that starts. One that goes on as it was keeps the names it had until it runs. */
  identify(continued: boolean): Pick<Identity, 'hostname' | 'hosts'> {
    const hosts = this.#surroundings?.hosts();
    this.#changed = continued;
    return { hostname: this.#guest.spec.name, ...(hosts !== undefined && { hosts }) };
  }

  async updateHosts(): Promise<void> {
    if (!this.#surroundings || !this.#listens) return;
    if (this.#runs) await setHosts(this.#guest, this.#surroundings.hosts());
    else this.#changed = true;
  }

  async updateHostname(): Promise<void> {
    if (!this.#listens) return;
    if (this.#runs) await setHostname(this.#guest, this.#guest.spec.name);
    else this.#changed = true;
  }

  /** Tells a guest that runs again what has changed meanwhile. */
  async catchUp(): Promise<void> {
    if (!this.#changed || !this.#listens || !this.#runs) return;
    this.#changed = false;
    const { name } = this.#guest.spec;
    if (this.#surroundings) await setNames(this.#guest, name, this.#surroundings.hosts());
    else await setHostname(this.#guest, name);
  }

  /** A guest without our agent cannot be told. */
  get #listens(): boolean {
    return this.#guest.spec.firmware === undefined;
  }

  get #runs(): boolean {
    return this.#guest.state.phase === 'running';
  }
}
