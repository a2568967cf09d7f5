import type { Terminal } from '@xterm/xterm';

/**
 * A finger that moves over a terminal, as a wheel does: it scrolls what was printed, and a program that has the whole
 * screen, or that asked for the mouse, gets what a wheel sends. Where there are no more lines the page is moved.
 */
export class TouchScroll {
  /** Where the finger was when the last line was scrolled; undefined while there is not one finger alone. */
  #y: number | undefined;
  #begun = false;

  start({ touches }: TouchEvent): void {
    this.#y = touches.length === 1 ? touches[0]?.clientY : undefined;
    this.#begun = false;
  }

  /** `rowHeight` in CSS pixels. */
  move(event: TouchEvent, terminal: Terminal, rowHeight: number): void {
    const finger = event.touches[0];
    if (this.#y === undefined || !finger) return;
    const rows = (this.#y - finger.clientY) / rowHeight;
    const { type, viewportY, baseY } = terminal.buffer.active;
    const own = type === 'normal' && terminal.modes.mouseTrackingMode === 'none';
    this.#begun ||= !own || (rows < 0 ? viewportY > 0 : viewportY < baseY);
    if (!this.#begun) return;
    event.preventDefault();
    const whole = Math.trunc(rows);
    this.#y -= whole * rowHeight;
    if (own) terminal.scrollLines(whole);
    else turnWheel(terminal, whole, finger);
  }
}

/** Each line for itself, as xterm answers one movement of a wheel by one key. */
function turnWheel({ element }: Terminal, lines: number, { clientX, clientY }: Touch): void {
  for (let line = 0; line < Math.abs(lines); line++)
    element?.dispatchEvent(
      new WheelEvent('wheel', {
        deltaY: Math.sign(lines),
        deltaMode: WheelEvent.DOM_DELTA_LINE,
        clientX,
        clientY,
        cancelable: true,
      }),
    );
}
