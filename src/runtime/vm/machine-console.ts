import { SandboxError } from '../../base/errors';
import type { Disposable } from '../../base/lifecycle';
import type { ConsoleReader, ReaderPlace } from './console-hub';
import type { Machine } from './machine';
import { RelayPort } from './relay-port';
import type { ConsoleToClient, ConsoleToWorker, MovedConsole } from './vm-protocol';

interface Line {
  readonly relay: RelayPort<ConsoleToWorker, ConsoleToClient>;
  readonly reader: ConsoleReader;
}

/** The way from a machine's console to its client. */
export class MachineConsole implements Disposable {
  readonly #machine: Machine;
  #line: Line | undefined;
  /** Up to where it was read when the machine was given away. */
  #place: ReaderPlace | undefined;

  constructor(machine: Machine) {
    this.#machine = machine;
  }

  connect(port: MessagePort): void {
    this.#open({ port, missed: [], input: new Uint8Array(0) }, this.#place);
  }

  /** Goes on as it was in another worker. */
  adopt(moved: MovedConsole): void {
    this.#open(moved, moved.place);
  }

  hold(): void {
    this.#line?.relay.hold();
  }

  release(): void {
    this.#line?.relay.release();
  }

  /** To be transferred in this very turn of the event loop. */
  handOver(): MovedConsole {
    const line = this.#line;
    if (!line) throw new SandboxError('FailedPrecondition', 'The machine has no console');
    const { place } = line.reader;
    this.#place = place;
    this.#line = undefined;
    line.reader.dispose();
    return { ...line.relay.detach(), place, input: this.#machine.pendingConsoleInput };
  }

  dispose(): void {
    this.#line?.relay.close();
  }

  #open(from: Omit<MovedConsole, 'place'>, place: ReaderPlace | undefined): void {
    const relay: Line['relay'] = new RelayPort(from, (message) => this.#obey(message));
    const reader = this.#machine.console.attach((delivery) => relay.post(delivery, [delivery.bytes.buffer]), place);
    this.#line = { relay, reader };
    if (from.input.length > 0) this.#machine.writeConsole(from.input);
    relay.release();
  }

  #obey(message: ConsoleToWorker): void {
    if ('acknowledged' in message) this.#line?.reader.acknowledge(message.acknowledged);
    else if ('input' in message) this.#machine.writeConsole(message.input);
    else this.#machine.resizeConsole(message.resize.columns, message.resize.rows);
  }
}
