import type { DiskGeneration, DiskId, DiskStore } from '../../src/api/disk';
import type { DiskAttachment, InstanceResources, ReopenedDisk } from '../../src/api/instance';
import type { NicAttachment, PortStatus } from '../../src/api/network';
import { toSandboxError } from '../../src/base/errors';
import { Emitter } from '../../src/base/events';
import { serializeMacAddress } from '../../src/formats/mac-address';
import { SwitchService } from '../../src/network/switch-service';
import { LayeredDiskStore } from '../../src/storage/disks/layered-disk-store';
import { MemoryDiskBackend } from '../../src/storage/disks/memory-disk-backend';

export interface Station {
  readonly resources: InstanceResources;
  readonly address: string;
  readonly mac: string;
}

/** A real switch and a real disk store in this thread, and what instances need of them. */
export class NodeWire {
  readonly #switch = new SwitchService();
  readonly #stations: { readonly name: string; readonly address: string }[] = [];
  #openings = 0;
  readonly disks: DiskStore = new LayeredDiskStore(new MemoryDiskBackend());

  /**
   * A place on the wire for a machine of that name, with so many NICs (on networks of their own) and these disks.
   * `host`: the last byte of its address, by default the next one from 2 on.
   */
  station(name: string, { nics = 1, disks = [] as readonly DiskId[], host = this.#stations.length + 2 } = {}): Station {
    const addressOf = (nic: number): string => `10.${nic + 1}.0.${host}`;
    const macOf = (nic: number): string => serializeMacAddress(Uint8Array.of(2, 0x5e, 0, 0, nic, host));
    this.#stations.push({ name, address: addressOf(0) });
    return {
      address: addressOf(0),
      mac: macOf(0),
      resources: {
        hosts: () => this.hosts,
        attachNics: async () =>
          Promise.all(
            Array.from({ length: nics }, (_, nic) =>
              this.#attach(`${name}-${host}/${nic}`, `net-${nic}`, nic, macOf(nic), addressOf(nic)),
            ),
          ),
        openDisks: () => Promise.all(disks.map((id) => this.#open(id))),
      },
    };
  }

  get hosts(): string {
    return ['127.0.0.1\tlocalhost', ...this.#stations.map((each) => `${each.address}\t${each.name}`), ''].join('\n');
  }

  ports(): readonly PortStatus[] {
    return this.#switch.status();
  }

  port(address: string): PortStatus {
    const found = this.ports().find(({ label }) => label === address);
    if (!found) throw new Error(`No port for ${address}`);
    return found;
  }

  async freeze(disks: readonly DiskId[]): Promise<readonly DiskGeneration[]> {
    return Promise.all(disks.map((disk) => this.disks.freeze(disk)));
  }

  #attach(id: string, network: string, nic: number, mac: string, address: string): NicAttachment {
    const { port1, port2 } = new MessageChannel();
    this.#switch.addPort({ id, network, label: address, mtu: 1500, mac, address }, port1);
    return {
      nic,
      mac,
      address,
      prefixLength: 24,
      mtu: 1500,
      port: port2,
      renewed: new Emitter<MessagePort>().event,
      detach: () => this.#switch.removePort(id),
    };
  }

  /** A machine that was killed lets go of its disk a moment later. */
  async #openFreed(id: DiskId, mark: string): Promise<MessagePort> {
    for (;;) {
      try {
        return await this.disks.open(id, { mark });
      } catch (thrown) {
        if (toSandboxError(thrown).code !== 'FailedPrecondition') throw thrown;
        await new Promise((resolve) => setImmediate(resolve));
      }
    }
  }

  async #open(id: DiskId): Promise<DiskAttachment> {
    const { sizeBytes } = await this.disks.info(id);
    const mark = `opening-${this.#openings++}`;
    const reopened = new Emitter<ReopenedDisk>().event;
    return { id, sizeBytes, port: await this.#openFreed(id, mark), mark, reopened, detach: () => {} };
  }
}
