import type { DiskAttachment, InstanceResources } from '../../api/instance';
import type { NicAttachment } from '../../api/network';
import type { UnikernelDevice, UnikernelSpec } from '../../api/unikernel';
import { createDeferred } from '../../base/deferred';
import { SandboxError, serializeError } from '../../base/errors';
import { DisposableStore, toDisposable } from '../../base/lifecycle';
import { parseMacAddress } from '../../formats/mac-address';
import { type Remote, transfer } from '../../rpc/control';
import type { GuestEnd } from './guest-end';
import type { RunnableModule } from './module-cache';
import { tenderArguments } from './tender-arguments';
import type { Tenant, TenderHost } from './tender-pool';
import type { DeviceConnection, RunKey, TenderService } from './tender-protocol';

export interface UnikernelRunOptions extends Tenant {
  readonly surroundings: InstanceResources | undefined;
}

interface Attachments {
  readonly nics: readonly NicAttachment[];
  readonly disks: readonly DiskAttachment[];
}

/** One run of a unikernel, from the moment it gets a worker to its end: its place there, and what was attached for it. */
export class UnikernelRun {
  readonly key: RunKey;
  readonly #host: TenderHost;
  readonly #options: UnikernelRunOptions;
  readonly #attached = new DisposableStore();
  readonly #gone = new AbortController();
  /** Rejects when what it is begun with leads nowhere any more. */
  readonly #beginning = createDeferred<never>();
  #begun = false;

  constructor(key: RunKey, host: TenderHost, options: UnikernelRunOptions) {
    this.key = key;
    this.#host = host;
    this.#options = options;
    host.enter(key, options);
    this.#beginning.promise.catch(() => {});
  }

  get remote(): Remote<TenderService> {
    return this.#host.remote;
  }

  /** Resolves when the unikernel is up, or with its end if it ended while it began. */
  async start(spec: UnikernelSpec, module: RunnableModule, console: MessagePort): Promise<GuestEnd | undefined> {
    assertDevices(spec, module.devices);
    const attaching = this.#attach();
    // Told below; the worker may be lost before.
    attaching.catch(() => {});
    await this.#host.ready;
    const attachments = await attaching;
    const devices = connectionsOf(module.devices, attachments, spec);
    const request = {
      key: this.key,
      module: module.module,
      kind: module.kind,
      args: tenderArguments(spec, networkNames(module.devices), attachments.nics),
      config: spec.config,
      cpus: spec.cpus ?? Number.POSITIVE_INFINITY,
      devices,
      console,
    };
    const ports = devices.map(({ port }) => port);
    const end = await Promise.race([
      this.remote.start(transfer(request, [console, ...ports])),
      this.#beginning.promise,
    ]);
    this.#begun = true;
    return end;
  }

  /** No turn any more; resolves when what it wrote is durable. */
  async settle(): Promise<void> {
    await this.remote.settle(this.key);
  }

  end(reason: SandboxError): void {
    if (this.#gone.signal.aborted) return;
    this.#gone.abort(reason);
    this.#host.leave(this.key);
    this.#attached.dispose();
  }

  /** Puts it on its networks, ports down, and opens its disks. */
  async #attach(): Promise<Attachments> {
    const { surroundings } = this.#options;
    if (!surroundings) return { nics: [], disks: [] };
    const [nics, disks] = await Promise.all([
      surroundings.attachNics().then((attached) => this.#keepNics(attached)),
      surroundings.openDisks().then((opened) => this.#keepDisks(opened)),
    ]);
    if (this.#gone.signal.aborted) throw this.#gone.signal.reason;
    return { nics, disks };
  }

  #keepNics(nics: readonly NicAttachment[]): readonly NicAttachment[] {
    for (const [index, nic] of nics.entries()) {
      this.#attached.add(toDisposable(() => nic.detach()));
      this.#attached.add(
        nic.renewed((port) => this.#renew(port, () => this.remote.renewNic(this.key, index, give(port)))),
      );
    }
    return nics;
  }

  #keepDisks(disks: readonly DiskAttachment[]): readonly DiskAttachment[] {
    for (const [index, disk] of disks.entries()) {
      this.#attached.add(toDisposable(() => disk.detach()));
      this.#attached.add(
        disk.reopened((next) => {
          if (!this.#begun) {
            if ('port' in next) next.port.close();
            const message = 'The store was started again while the disk was read; try again';
            this.#beginning.reject('port' in next ? new SandboxError('Unavailable', message) : next.error);
          } else if ('port' in next) {
            this.#renew(next.port, () => this.remote.renewDisk(this.key, index, give(next.port)));
          } else {
            this.remote.failDisk(this.key, index, serializeError(next.error)).catch(() => {});
          }
        }),
      );
    }
    // One that has ended meanwhile never sends them on.
    if (this.#gone.signal.aborted) for (const { port } of disks) port.close();
    return disks;
  }

  /** One that ends meanwhile needs no port any more. */
  #renew(port: MessagePort, renew: () => Promise<void>): void {
    renew().catch(() => port.close());
  }
}

function give(port: MessagePort): MessagePort {
  return transfer(port, [port]);
}

function networkNames(devices: readonly UnikernelDevice[]): readonly string[] {
  return devices.flatMap(({ name, type }) => (type === 'NET_BASIC' ? [name] : []));
}

/** Each declared device has what it stands for; an instance may have more than its module asks for. */
function assertDevices({ name, nics, disks = [] }: UnikernelSpec, devices: readonly UnikernelDevice[]): void {
  const wanted = (type: UnikernelDevice['type']): readonly string[] =>
    devices.flatMap((device) => (device.type === type ? [device.name] : []));
  const check = (what: string, names: readonly string[], there: number): void => {
    if (names.length <= there) return;
    const message = `The module of ${name} asks for ${names.length} ${what} (${names.join(', ')}), and there are ${there}: make it with as many`;
    throw new SandboxError('FailedPrecondition', message, { details: { wanted: names.length, there } });
  };
  check('network cards', wanted('NET_BASIC'), nics?.length ?? 1);
  check('disks', wanted('BLOCK_BASIC'), disks.length);
}

function connectionsOf(
  devices: readonly UnikernelDevice[],
  attachments: Attachments,
  { name: instance, disks = [] }: UnikernelSpec,
): readonly DeviceConnection[] {
  const nics = [...attachments.nics];
  const opened = attachments.disks.map((disk, index) => ({ ...disk, readOnly: disks[index]?.readOnly ?? false }));
  const connections = devices.map(({ name, type }): DeviceConnection => {
    if (type === 'NET_BASIC') {
      const nic = nics.shift();
      if (nic) return { type: 'nic', name, mac: parseMacAddress(nic.mac), mtu: nic.mtu, port: nic.port };
    } else {
      const disk = opened.shift();
      if (disk) return { type: 'disk', name, sizeBytes: disk.sizeBytes, readOnly: disk.readOnly, port: disk.port };
    }
    throw new SandboxError('FailedPrecondition', `There is nothing for the device ${name} of ${instance}`);
  });
  for (const { port } of [...nics, ...opened]) port.close();
  return connections;
}
