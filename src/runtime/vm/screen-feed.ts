import type { ScreenUpdate } from '../../api/screen';
import { type Clock, every } from '../../base/clock';
import type { Disposable } from '../../base/lifecycle';
import type { PcInput } from './devices/pc-input';
import type { VgaScreen } from './devices/vga-screen';
import type { ScreenToClient, ScreenToWorker } from './vm-protocol';

/** Between two pictures at least, milliseconds: 25 a second. */
const periodMs = 40;

/**
 * Tells one client what stands on a machine's screen, and the machine what its person does. Nothing is sent while the
 * client does not look, and no more than one picture is on its way: the next is drawn when it has been shown.
 */
export class ScreenFeed implements Disposable {
  readonly #screen: VgaScreen;
  readonly #input: PcInput;
  readonly #timer: Disposable;
  #port: MessagePort | undefined;
  #watched = false;
  #underWay = false;

  constructor(clock: Clock, screen: VgaScreen, input: PcInput) {
    this.#screen = screen;
    this.#input = input;
    this.#timer = every(clock, periodMs, () => this.#tick());
  }

  /** The client's port; one that was there before is closed. */
  connect(port: MessagePort): void {
    this.#disconnect();
    this.#port = port;
    port.onmessage = ({ data }: MessageEvent<ScreenToWorker>) => this.#obey(data);
  }

  dispose(): void {
    this.#timer.dispose();
    this.#disconnect();
  }

  #disconnect(): void {
    this.#port?.close();
    this.#port = undefined;
    this.#watched = false;
    this.#underWay = false;
    this.#input.releaseAll();
  }

  #obey(message: ScreenToWorker): void {
    if ('shown' in message) this.#underWay = false;
    else if ('input' in message) this.#input.send(message.input);
    else {
      this.#watched = message.watch;
      if (this.#watched) this.#screen.invalidate();
    }
  }

  #tick(): void {
    if (!this.#port || !this.#watched || this.#underWay) {
      this.#screen.retrace();
      return;
    }
    const update = this.#screen.take();
    if (!update) return;
    this.#underWay = true;
    const message: ScreenToClient = update;
    this.#port.postMessage(message, buffersOf(update));
  }
}

function buffersOf(update: ScreenUpdate): ArrayBuffer[] {
  if (update.mode === 'graphics') return update.changed.map(({ pixels }) => pixels.buffer);
  const font = update.font ? [update.font.glyphs.buffer] : [];
  return [...update.changed.map(({ cells }) => cells.buffer), ...font];
}
