import type { FileTree, TreeNumbering } from '../../../api/file-tree';
import { createDeferred, type Deferred } from '../../../base/deferred';
import { SandboxError } from '../../../base/errors';
import { headerBytes } from '../../../formats/nine-p/codec';
import { NineServer, type NineServerState, parseServerState } from '../../files/nine-p-server';
import { maxTagBytes } from '../share-tag';
import {
  type BufferChain,
  type ConfigField,
  type Cpu,
  createVirtIo,
  featureIndirect,
  featureVersion1,
  type SavedDevice,
  saveWithMachine,
  type VirtIo,
  type VirtQueue,
} from '../v86-internals';
import type { DeviceSlot } from './slots';

/** Feature bit (virtio 1.2, 5.7.3). */
const featureMountTag = 0;

const queueSize = 128;

/** Largest message: 512 KiB was the fastest, and Linux takes no more than its ring of 128 pages. */
const maxMessageBytes = 512 * 1024;

/** What a share leads to. */
export interface ShareBacking {
  readonly tag: string;
  /** Once it is known what is shared; until then requests wait. */
  readonly tree: Promise<FileTree>;
}

/**
 * A virtio 9P transport (virtio 1.2, 5.7) with a file server of ours behind it: each request of the guest is a
 * message, each reply fills the buffers that came with it. What a server can answer at once is answered before the
 * guest runs on. The client's fids are saved with the machine, so open files and mounts last over a restore, a
 * migration and a reload.
 */
export class Virtio9p implements SavedDevice {
  readonly #virtio: VirtIo;
  #tag = new Uint8Array(0);
  #server: NineServer | undefined;
  /** What the server goes on with, when there is one. */
  #state: NineServerState | undefined;
  #numbering: TreeNumbering | undefined;
  /** What that goes on with. */
  #numbers: unknown = null;
  #inFlight = 0;
  /** Counts restores and attachments: what was begun before such is not answered after it. */
  #epoch = 0;
  #drained: Deferred<void> | undefined;

  /** `plugged` is called by a restore of a state that does not know the device. */
  constructor(cpu: Cpu, slot: DeviceSlot, plugged: () => void = () => {}) {
    this.#virtio = createVirtIo(cpu, {
      name: 'strata-9p',
      pci_id: slot.pciSlot << 3,
      device_id: 0x1049,
      subsystem_device_id: 9,
      common: {
        initial_port: slot.ioBase,
        queues: [{ size_supported: queueSize, notify_offset: 0 }],
        features: [featureMountTag, featureIndirect, featureVersion1],
        on_driver_ok: () => {},
      },
      notification: {
        initial_port: slot.ioBase + 0x40,
        single_handler: false,
        handlers: [() => this.#serve()],
      },
      isr_status: { initial_port: slot.ioBase + 0x60 },
      device_specific: { initial_port: slot.ioBase + 0x80, struct: this.#configSpace() },
    });
    saveWithMachine(cpu, slot, this, plugged);
  }

  /** Requests that are not answered. */
  get inFlight(): number {
    return this.#inFlight;
  }

  /** Gives the share its files; before that nobody is answered. */
  attach({ tag, tree }: ShareBacking): void {
    this.detach();
    this.#tag = new TextEncoder().encode(tag).subarray(0, maxTagBytes);
    const epoch = this.#epoch;
    tree.then(
      (found) => epoch === this.#epoch && this.#begin(found),
      (error: unknown) => epoch === this.#epoch && this.#begin(brokenTree(error)),
    );
  }

  /** Lets go of the files, keeping what the client has agreed with the server. */
  detach(): void {
    if (this.#server) this.#state = this.#server.state;
    if (this.#numbering) this.#numbers = this.#numbering.save();
    this.#server = undefined;
    this.#numbering = undefined;
    this.#forget(new SandboxError('Unavailable', 'The share was detached'));
  }

  /**
   * Resolves when nothing is under way and nothing waits in the guest's ring; while the CPU stands still it stays
   * so. `Unavailable` when the share is detached meanwhile.
   */
  async drain(): Promise<void> {
    if (this.#isQuiet()) return;
    this.#drained ??= createDeferred();
    await this.#drained.promise;
  }

  get_state(): unknown[] {
    return [this.#virtio, this.#server?.state ?? this.#state ?? null, this.#numbering?.save() ?? this.#numbers];
  }

  set_state(state: unknown[]): void {
    this.#server = undefined;
    this.#numbering = undefined;
    this.#forget(new SandboxError('Unavailable', 'The machine was restored'));
    this.#virtio.set_state(state[0]);
    this.#state = parseServerState(state[1]);
    this.#numbers = state[2] ?? null;
  }

  get #queue(): VirtQueue | undefined {
    // Absent while v86 makes the device.
    const queue = (this.#virtio as VirtIo | undefined)?.queues[0];
    return queue?.is_configured() ? queue : undefined;
  }

  #begin(tree: FileTree): void {
    if (this.#numbers !== null) tree.numbering?.restore(this.#numbers);
    this.#numbering = tree.numbering;
    this.#numbers = null;
    this.#server = new NineServer({ tree, maxMessageBytes }, this.#state);
    this.#state = undefined;
    this.#serve();
  }

  #isQuiet(): boolean {
    return this.#inFlight === 0 && !this.#queue?.has_request();
  }

  #forget(reason: SandboxError): void {
    this.#epoch += 1;
    this.#inFlight = 0;
    // Whoever waits may have gone.
    this.#drained?.promise.catch(() => {});
    this.#drained?.reject(reason);
    this.#drained = undefined;
  }

  #serve(): void {
    const queue = this.#queue;
    while (this.#server && queue?.has_request()) this.#take(this.#server, queue, queue.pop_request());
  }

  #take(server: NineServer, queue: VirtQueue, chain: BufferChain): void {
    const [epoch, ring] = [this.#epoch, queue.used_addr];
    this.#inFlight += 1;
    server.serve(readMessage(chain), (reply) => {
      if (epoch !== this.#epoch) return;
      this.#inFlight -= 1;
      // A guest that has reset the device meanwhile does not expect it any more.
      if (queue.used_addr === ring) {
        for (const piece of reply) chain.set_next_blob(piece);
        queue.push_reply(chain);
        queue.flush_replies();
      }
      if (!this.#drained || !this.#isQuiet()) return;
      this.#drained.resolve();
      this.#drained = undefined;
    });
  }

  /** struct virtio_9p_config (virtio 1.2, 5.7.4). */
  #configSpace(): ConfigField[] {
    const byte = (index: number): ConfigField => ({
      bytes: 1,
      name: `tag_${index}`,
      read: () => this.#tag[index] ?? 0,
      write: () => {},
    });
    const length: ConfigField = { bytes: 2, name: 'tag_len', read: () => this.#tag.length, write: () => {} };
    return [length, ...Array.from({ length: maxTagBytes }, (_, index) => byte(index))];
  }
}

/** Not more than a server takes, whatever the guest says. */
function readMessage(chain: BufferChain): Uint8Array {
  const bytes = new Uint8Array(Math.min(chain.length_readable, maxMessageBytes + headerBytes));
  return bytes.subarray(0, chain.get_next_blob(bytes));
}

/** What cannot be opened answers everything with why. */
function brokenTree(error: unknown): FileTree {
  const fail = (): Promise<never> => Promise.reject(error);
  return {
    root: 1,
    attributes: fail,
    lookup: fail,
    list: fail,
    readLink: fail,
    read: fail,
    xattr: fail,
    xattrNames: fail,
    usage: fail,
  };
}
