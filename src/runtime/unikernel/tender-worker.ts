import { systemClock } from '../../base/clock';
import { type ErrorRecord, parseError, SandboxError } from '../../base/errors';
import type { Disposable } from '../../base/lifecycle';
import { expose } from '../../rpc/control';
import { ConsoleSender } from './console-sender';
import { Guest } from './guest';
import { GuestDisk } from './guest-disk';
import type { GuestEnd } from './guest-end';
import { GuestNic } from './guest-nic';
import type { GuestDevice } from './host-calls';
import type {
  DeviceConnection,
  RunKey,
  StartRequest,
  TenderNews,
  TenderSample,
  TenderService,
} from './tender-protocol';
import { TurnScheduler } from './turn-scheduler';

/** Chromium 150 collects everything that it can when so much is allocated outside of its heap. */
const pressureBytes = 64 * 1024 * 1024;

/** Serves unikernels on the port of whoever started this worker. */
export function serveTender(port: MessagePort): void {
  expose(new TenderWorker(), port);
}

/** The modules of one worker. */
export class TenderWorker implements TenderService, Disposable {
  readonly #clock = systemClock;
  readonly #scheduler = new TurnScheduler(systemClock);
  readonly #guests = new Map<RunKey, Guest>();
  /** Runs whose disks are being read. */
  readonly #starting = new Set<RunKey>();
  readonly #memories = new FinalizationRegistry(() => this.#tell({ freed: 1 }));
  #news: MessagePort | undefined;
  /** Who had the CPU last, as far as it was told. */
  #announced: RunKey | undefined;

  ping(): void {}

  async open(news: MessagePort): Promise<void> {
    this.#news = news;
  }

  /**
   * Engines look for memories that nobody uses any more when there is no room for a new one, or when much was allocated
   * since they last looked; but in that thread alone. What is allocated here is never touched, so it takes no memory.
   */
  async collect(): Promise<void> {
    try {
      new WebAssembly.Memory({ initial: 1, maximum: 1 });
      new ArrayBuffer(pressureBytes);
    } catch {
      // There is none here.
    }
  }

  async start({
    key,
    module,
    kind,
    args,
    config,
    cpus,
    devices,
    console: port,
  }: StartRequest): Promise<GuestEnd | undefined> {
    const console = new ConsoleSender(port);
    let guest: Guest | undefined;
    this.#starting.add(key);
    const connected = await connect(devices, () => guest?.wake()).catch((thrown: unknown) => {
      this.#starting.delete(key);
      console.close();
      throw thrown;
    });
    if (!this.#starting.delete(key)) {
      for (const device of connected) disposeOf(device);
      console.close();
      throw new SandboxError('Aborted', 'The unikernel was ended before it began');
    }
    guest = new Guest({
      module,
      kind,
      args,
      config,
      cpus,
      console,
      devices: connected,
      scheduler: this.#scheduler,
      clock: this.#clock,
      random: (bytes) => void crypto.getRandomValues(bytes),
      announce: () => this.#announce(key),
      onMemory: (memory) => this.#memories.register(memory, undefined),
      onEnd: (end) => this.#onEnd(key, end),
    });
    this.#guests.set(key, guest);
    const end = await guest.begin();
    if (end) this.#drop(key);
    return end;
  }

  async pause(key: RunKey): Promise<void> {
    this.#guest(key).pause();
  }

  async resume(key: RunKey): Promise<void> {
    this.#guest(key).resume();
  }

  async settle(key: RunKey): Promise<void> {
    await this.#guests.get(key)?.settle();
  }

  async end(key: RunKey): Promise<void> {
    this.#drop(key);
  }

  async nudge(key: RunKey): Promise<void> {
    this.#guest(key).nudge();
  }

  async sample(key: RunKey): Promise<TenderSample> {
    return sampleOf(this.#guest(key));
  }

  async renewNic(key: RunKey, nic: number, port: MessagePort): Promise<void> {
    const guest = this.#guests.get(key);
    if (guest) guest.renewNic(nic, port);
    else port.close();
  }

  async renewDisk(key: RunKey, disk: number, port: MessagePort): Promise<void> {
    const guest = this.#guests.get(key);
    if (guest) guest.renewDisk(disk, port);
    else port.close();
  }

  async failDisk(key: RunKey, disk: number, error: ErrorRecord): Promise<void> {
    this.#guests.get(key)?.renewDisk(disk, parseError(error));
  }

  dispose(): void {
    for (const key of [...this.#guests.keys()]) this.#drop(key);
    this.#scheduler.dispose();
    this.#news?.close();
  }

  #guest(key: RunKey): Guest {
    const guest = this.#guests.get(key);
    if (!guest) throw new SandboxError('NotFound', 'No such unikernel in this worker: it has ended');
    return guest;
  }

  /**
   * What is posted leaves at once, also when the module then never returns. So whoever watches knows which one it is
   * that does not, and the others can be told from it. A module that is alone in its turns costs no message.
   */
  #announce(key: RunKey): void {
    if (this.#announced === key) return;
    this.#announced = key;
    this.#tell(key);
  }

  #onEnd(key: RunKey, end: GuestEnd): void {
    this.#drop(key);
    this.#tell({ ended: key, end });
  }

  #tell(news: TenderNews): void {
    this.#news?.postMessage(news);
  }

  #drop(key: RunKey): void {
    this.#starting.delete(key);
    this.#guests.get(key)?.dispose();
    this.#guests.delete(key);
  }
}

/** Disks are read before the module begins, so that its reads need not wait. All or none are connected. */
async function connect(devices: readonly DeviceConnection[], wake: () => void): Promise<readonly GuestDevice[]> {
  const connecting = devices.map(async (device): Promise<GuestDevice> => {
    const { name, port } = device;
    if (device.type === 'nic') return { name, nic: new GuestNic({ mac: device.mac, mtu: device.mtu, port, wake }) };
    const { sizeBytes, readOnly } = device;
    return { name, disk: await GuestDisk.open(port, { sizeBytes, readOnly, clock: systemClock, wake }) };
  });
  const outcomes = await Promise.allSettled(connecting);
  const connected = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
  const failed = outcomes.find((outcome) => outcome.status === 'rejected');
  if (!failed) return connected;
  for (const device of connected) disposeOf(device);
  throw failed.reason;
}

function disposeOf(device: GuestDevice): void {
  ('nic' in device ? device.nic : device.disk).dispose();
}

function sampleOf(guest: Guest): TenderSample {
  const network = { rxBytes: 0, txBytes: 0, rxPackets: 0, txPackets: 0 };
  const disk = { readBytes: 0, writtenBytes: 0 };
  let dropped = 0;
  let [refusedFrames, refusedBlocks] = [0, 0];
  for (const device of guest.devices) {
    if ('nic' in device) {
      const { counters } = device.nic;
      network.rxBytes += counters.rxBytes;
      network.txBytes += counters.txBytes;
      network.rxPackets += counters.rxFrames;
      network.txPackets += counters.txFrames;
      dropped += counters.droppedDown + counters.droppedFull + counters.droppedMalformed;
      refusedFrames += counters.refusedSize;
    } else {
      disk.readBytes += device.disk.counters.readBytes;
      disk.writtenBytes += device.disk.counters.writtenBytes;
      refusedBlocks += device.disk.counters.refused;
    }
  }
  const { turns, cpuMs, longestTurnMs } = guest.counters;
  return {
    cpuMicros: Math.round(cpuMs * 1000),
    memory: { total: guest.memoryBytes, used: guest.memoryBytes },
    network,
    disk,
    tender: {
      turns,
      longestTurnMicros: Math.round(longestTurnMs * 1000),
      droppedFrames: dropped,
      refusedFrames,
      refusedBlocks,
      invalidCalls: guest.invalidCalls,
    },
  };
}
