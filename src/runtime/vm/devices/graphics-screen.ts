import type { ScreenRectangle, ScreenUpdate } from '../../../api/screen';
import type { ScreenLayer } from '../v86-internals';

/** Pixels of the largest screen that is shown; a guest may program a larger one, of which this much is shown. */
const maxPixels = 2560 * 1600;

const bytesPerPixel = 4;

/** The pixels of a graphics mode as they were last drawn, and which rows have changed since they were taken last. */
export class GraphicsScreen {
  #width = 0;
  #height = 0;
  #pixels = new Uint32Array(0);
  /** For each row the first and the last changed pixel; none where the last is before the first. */
  #first = new Int32Array(0);
  #last = new Int32Array(0);
  #resized = false;

  resize(width: number, height: number): void {
    const rows = Math.min(height, Math.floor(maxPixels / Math.max(1, width)));
    if (width === this.#width && rows === this.#height) return;
    this.#width = width;
    this.#height = rows;
    this.#pixels = new Uint32Array(width * rows);
    this.#first = new Int32Array(rows);
    this.#last = new Int32Array(rows);
    this.#clean();
    this.#resized = true;
  }

  /** Before the display has told how large it is there is nothing to draw. */
  get ready(): boolean {
    return this.#width > 0;
  }

  clear(): void {
    this.#pixels.fill(0);
    this.invalidate();
  }

  draw(layers: readonly ScreenLayer[]): void {
    for (const layer of layers) this.#draw(layer);
  }

  /** Everything counts as changed. */
  invalidate(): void {
    this.#first.fill(0);
    this.#last.fill(this.#width - 1);
    this.#resized = true;
  }

  /** What has changed since the last call; undefined when nothing has. */
  take(): ScreenUpdate | undefined {
    const changed = this.#rectangles();
    if (changed.length === 0 && !this.#resized) return undefined;
    this.#resized = false;
    this.#clean();
    return { mode: 'graphics', width: this.#width, height: this.#height, changed };
  }

  #draw({ image_data, screen_x, screen_y, buffer_x, buffer_y, buffer_width, buffer_height }: ScreenLayer): void {
    const { data, width: stride } = image_data;
    const source = new Uint32Array(data.buffer, data.byteOffset, data.byteLength / bytesPerPixel);
    const width = Math.min(buffer_width, this.#width - screen_x, stride - buffer_x);
    const height = Math.min(buffer_height, this.#height - screen_y);
    for (let y = 0; y < height; y += 1) {
      const from = (buffer_y + y) * stride + buffer_x;
      if (from + width > source.length) return;
      this.#drawRow(screen_y + y, screen_x, source.subarray(from, from + Math.max(0, width)));
    }
  }

  #drawRow(row: number, column: number, source: Uint32Array): void {
    const at = row * this.#width + column;
    const pixels = this.#pixels;
    let first = 0;
    while (first < source.length && pixels[at + first] === source[first]) first += 1;
    if (first === source.length) return;
    let last = source.length - 1;
    while (pixels[at + last] === source[last]) last -= 1;
    pixels.set(source.subarray(first, last + 1), at + first);
    this.#first[row] = Math.min(this.#first[row] ?? 0, column + first);
    this.#last[row] = Math.max(this.#last[row] ?? 0, column + last);
  }

  /** One for each run of changed rows. */
  #rectangles(): readonly ScreenRectangle[] {
    const rectangles: ScreenRectangle[] = [];
    for (let row = 0; row < this.#height; row += 1) {
      if (!this.#hasChanged(row)) continue;
      const y = row;
      let [x, last] = [this.#width, -1];
      for (; row < this.#height && this.#hasChanged(row); row += 1) {
        x = Math.min(x, this.#first[row] ?? 0);
        last = Math.max(last, this.#last[row] ?? 0);
      }
      rectangles.push(this.#copy(x, y, last + 1 - x, row - y));
    }
    return rectangles;
  }

  #hasChanged(row: number): boolean {
    return (this.#last[row] ?? -1) >= (this.#first[row] ?? 0);
  }

  #copy(x: number, y: number, width: number, height: number): ScreenRectangle {
    const copy = new Uint32Array(width * height);
    for (let row = 0; row < height; row += 1) {
      const from = (y + row) * this.#width + x;
      copy.set(this.#pixels.subarray(from, from + width), row * width);
    }
    return { x, y, width, height, pixels: new Uint8ClampedArray(copy.buffer) };
  }

  #clean(): void {
    this.#first.fill(this.#width);
    this.#last.fill(-1);
  }
}
