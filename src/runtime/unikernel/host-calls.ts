import type { Clock } from '../../base/clock';
import type { ConsoleSender } from './console-sender';
import { blockBytes, type GuestDisk } from './guest-disk';
import { type GuestEnd, GuestEnded } from './guest-end';
import type { GuestMemory } from './guest-memory';
import type { GuestNic } from './guest-nic';
import { type Result, result } from './results';

/** Bytes of a device's name, as in the manifest. */
const maxNameBytes = 67;
/** Bytes of the path of a file that was given. */
const maxPathBytes = 255;
/** What Web Crypto gives at once. */
const maxRandomBytes = 65_536;

/** struct solo5_net_info and struct solo5_block_info of wasm32. */
const netInfo = { mac: 0, mtu: 8, size: 12 } as const;
const blockInfo = { capacity: 0, blockSize: 8, size: 16 } as const;

/** A device of the manifest and what it leads to; its handle is its place in the manifest. */
export type GuestDevice =
  | { readonly name: string; readonly nic: GuestNic }
  | { readonly name: string; readonly disk: GuestDisk };

export interface HostCallsOptions {
  readonly memory: GuestMemory;
  readonly devices: readonly GuestDevice[];
  readonly console: ConsoleSender;
  readonly clock: Clock;
  /** Fills what it is given from a cryptographic generator. */
  readonly random: (bytes: Uint8Array<ArrayBuffer>) => void;
  /** The first is the name of the instance. */
  readonly args: readonly string[];
  /** Text by absolute path. */
  readonly config: Readonly<Record<string, string>>;
}

/** Calls that a module made wrongly and was told so. */
export interface MisuseCounters {
  /** Pointers, lengths, names and handles that are none. */
  invalidCalls: number;
}

/**
 * The calls of docs/ABI.md but `yield`, as they are imported. Nothing that a module passes makes one of them throw
 * anything but {@link GuestEnded}, which ends the module; whatever can be told by a result is.
 */
export class HostCalls {
  readonly counters: MisuseCounters = { invalidCalls: 0 };
  readonly #options: HostCallsOptions;
  readonly #acquired = new Set<number>();
  readonly #arguments: Uint8Array;
  readonly #config: ReadonlyMap<string, Uint8Array>;
  #end: GuestEnd | undefined;

  constructor(options: HostCallsOptions) {
    this.#options = options;
    const encoder = new TextEncoder();
    this.#arguments = encoder.encode(options.args.map((argument) => `${argument}\0`).join(''));
    this.#config = new Map(Object.entries(options.config).map(([path, text]) => [path, encoder.encode(text)]));
  }

  /** Set once the module has ended itself: a module can catch what is thrown, and must not go on. */
  get end(): GuestEnd | undefined {
    return this.#end;
  }

  get imports(): { readonly solo5: WebAssembly.ModuleImports; readonly strata: WebAssembly.ModuleImports } {
    return {
      solo5: {
        console_write: (buffer: number, size: number) => this.#consoleWrite(buffer, size),
        clock_monotonic: () => this.monotonicNanos(),
        clock_wall: () => BigInt(Math.round(this.#options.clock.now() * 1000)) * 1000n,
        exit: (status: number) => this.exit(Number(status)),
        abort: () => this.#finish({ kind: 'aborted', lastLine: this.#options.console.lastLine }),
        net_acquire: (name: number, handle: number, info: number) => this.#netAcquire(name, handle, info),
        net_read: (handle: bigint, buffer: number, size: number, read: number) =>
          this.#netRead(handle, buffer, size, read),
        net_write: (handle: bigint, buffer: number, size: number) => this.#netWrite(handle, buffer, size),
        block_acquire: (name: number, handle: number, info: number) => this.#blockAcquire(name, handle, info),
        block_read: (handle: bigint, offset: bigint, buffer: number, size: number) =>
          this.#block(handle, buffer, size, (disk, bytes) => disk.read(offset, bytes)),
        block_write: (handle: bigint, offset: bigint, buffer: number, size: number) =>
          this.#block(handle, buffer, size, (disk, bytes) => disk.write(offset, bytes)),
      },
      strata: {
        arguments: (buffer: number, size: number) => this.#copyArguments(buffer, size),
        config_read: (path: number, offset: number, buffer: number, size: number) =>
          this.#configRead(path, offset, buffer, size),
        random: (buffer: number, size: number) => this.#random(buffer, size),
        block_flush: (handle: bigint, number: number) => this.#blockFlush(handle, number),
        block_flushed: (handle: bigint, number: number) => this.#blockFlushed(handle, number),
      },
    };
  }

  /** Milliseconds of the clock would be too coarse for a module's own measuring. */
  monotonicNanos(): bigint {
    return BigInt(Math.round(this.#options.clock.monotonic() * 1_000_000));
  }

  get isReady(): boolean {
    for (const handle of this.#acquired) if (this.#isReady(handle)) return true;
    return false;
  }

  /** The handles that are ready: bit N for handle N. Devices that were not acquired never are. */
  ready(): bigint {
    let set = 0n;
    for (const handle of this.#acquired) if (this.#isReady(handle)) set |= 1n << BigInt(handle);
    return set;
  }

  /** Ends the module with a status. */
  exit(status: number): never {
    return this.#finish({ kind: 'exited', status });
  }

  /** Ends the module for a call that cannot be answered by a result. */
  misuse(call: string, what: string): never {
    return this.#finish({ kind: 'crashed', message: `${call} was called with ${what}` });
  }

  #isReady(handle: number): boolean {
    const device = this.#options.devices[handle];
    return device !== undefined && ('nic' in device ? device.nic.ready : device.disk.ready);
  }

  #finish(end: GuestEnd): never {
    this.#end ??= end;
    throw new GuestEnded(this.#end);
  }

  #invalid(): Result {
    this.counters.invalidCalls += 1;
    return result.invalid;
  }

  #consoleWrite(buffer: number, size: number): void {
    const bytes = this.#options.memory.range(buffer, size);
    if (!bytes) this.misuse('console_write', 'a buffer outside of the memory');
    else this.#options.console.write(bytes);
  }

  #copyArguments(buffer: number, size: number): number {
    const bytes = this.#options.memory.range(buffer, size);
    if (!bytes) return this.misuse('arguments', 'a buffer outside of the memory');
    bytes.set(this.#arguments.subarray(0, bytes.length));
    return this.#arguments.length;
  }

  #configRead(path: number, offset: number, buffer: number, size: number): bigint {
    const { memory } = this.#options;
    const bytes = memory.range(buffer, size);
    if (!bytes) return this.misuse('config_read', 'a buffer outside of the memory');
    const name = memory.text(path, maxPathBytes);
    const file = name === undefined ? undefined : this.#config.get(name);
    if (!file) return -1n;
    bytes.set(file.subarray(offset >>> 0, (offset >>> 0) + bytes.length));
    return BigInt(file.length);
  }

  #random(buffer: number, size: number): Result {
    const bytes = size >>> 0 <= maxRandomBytes ? this.#options.memory.range(buffer, size) : undefined;
    if (!bytes) return this.#invalid();
    this.#options.random(bytes);
    return result.ok;
  }

  #netAcquire(name: number, handleAt: number, infoAt: number): Result {
    const { memory } = this.#options;
    const handle = this.#find(name, 'nic');
    const device = this.#options.devices[handle];
    const info = memory.range(infoAt, netInfo.size);
    if (!device || !('nic' in device) || !info || !memory.has(handleAt, 8)) return this.#invalid();
    this.#acquired.add(handle);
    memory.setU64(handleAt, BigInt(handle));
    info.set(device.nic.mac, netInfo.mac);
    memory.setU32((infoAt >>> 0) + netInfo.mtu, device.nic.mtu);
    return result.ok;
  }

  #netRead(handle: bigint, buffer: number, size: number, readAt: number): Result {
    const { memory } = this.#options;
    const nic = this.#nic(handle);
    const bytes = nic && size >>> 0 >= nic.mtu + 14 ? memory.range(buffer, size) : undefined;
    if (!nic || !bytes || !memory.has(readAt, 4)) return this.#invalid();
    const length = nic.read(bytes);
    if (length === undefined) return result.again;
    memory.setU32(readAt, length);
    return result.ok;
  }

  #netWrite(handle: bigint, buffer: number, size: number): Result {
    const nic = this.#nic(handle);
    const bytes = this.#options.memory.range(buffer, size);
    if (!nic || !bytes) return this.#invalid();
    return nic.write(bytes);
  }

  #blockAcquire(name: number, handleAt: number, infoAt: number): Result {
    const { memory } = this.#options;
    const handle = this.#find(name, 'disk');
    const device = this.#options.devices[handle];
    const fits = memory.has(infoAt, blockInfo.size) && memory.has(handleAt, 8);
    if (!device || !('disk' in device) || !fits) return this.#invalid();
    this.#acquired.add(handle);
    memory.setU64(handleAt, BigInt(handle));
    memory.setU64((infoAt >>> 0) + blockInfo.capacity, BigInt(device.disk.sizeBytes));
    memory.setU64((infoAt >>> 0) + blockInfo.blockSize, BigInt(blockBytes));
    return result.ok;
  }

  #block(
    handle: bigint,
    buffer: number,
    size: number,
    work: (disk: GuestDisk, bytes: Uint8Array<ArrayBuffer>) => Result,
  ): Result {
    const disk = this.#disk(handle);
    const bytes = this.#options.memory.range(buffer, size);
    return disk && bytes ? work(disk, bytes) : this.#invalid();
  }

  #blockFlush(handle: bigint, numberAt: number): Result {
    const { memory } = this.#options;
    const disk = this.#disk(handle);
    if (!disk || !memory.has(numberAt, 8)) return this.#invalid();
    const number = disk.flush();
    if (typeof number !== 'bigint') return number;
    memory.setU64(numberAt, number);
    return result.ok;
  }

  #blockFlushed(handle: bigint, numberAt: number): Result {
    const { memory } = this.#options;
    const disk = this.#disk(handle);
    if (!disk || !memory.has(numberAt, 8)) return this.#invalid();
    const { flushed } = disk;
    if (flushed === undefined) return result.unspecified;
    memory.setU64(numberAt, flushed);
    return result.ok;
  }

  /** The handle of a device of that kind which is declared and not acquired; -1 when there is none. */
  #find(name: number, kind: 'nic' | 'disk'): number {
    const wanted = this.#options.memory.text(name, maxNameBytes);
    const handle = this.#options.devices.findIndex((device) => device.name === wanted && kind in device);
    return this.#acquired.has(handle) ? -1 : handle;
  }

  #nic(handle: bigint): GuestNic | undefined {
    const device = this.#device(handle);
    return device && 'nic' in device ? device.nic : undefined;
  }

  #disk(handle: bigint): GuestDisk | undefined {
    const device = this.#device(handle);
    return device && 'disk' in device ? device.disk : undefined;
  }

  #device(handle: bigint): GuestDevice | undefined {
    const index = Number(handle);
    return this.#acquired.has(index) ? this.#options.devices[index] : undefined;
  }
}
