import type { RecordChange, RecordStore } from '../api/records';
import { type Disposable, DisposableStore } from '../base/lifecycle';
import type { LayoutBook } from './layout-book';

export interface LabLayoutOptions {
  /** Settles when the lab is open. */
  readonly opened: Promise<void>;
  readonly records: RecordStore;
}

/** Where things stand in the picture of the lab. Read when it is first wanted. */
export class LabLayout implements Disposable {
  readonly #options: LabLayoutOptions;
  readonly #disposables = new DisposableStore();
  #opening: Promise<LayoutBook> | undefined;
  #book: LayoutBook | undefined;

  constructor(options: LabLayoutOptions) {
    this.#options = options;
  }

  open(): Promise<LayoutBook> {
    this.#opening ??= this.#read().catch((error: unknown) => {
      this.#opening = undefined;
      throw error;
    });
    return this.#opening;
  }

  /** Steps that write what is known of it. */
  records(): readonly RecordChange[] {
    return this.#book?.recordChanges() ?? [];
  }

  dispose(): void {
    this.#disposables.dispose();
  }

  async #read(): Promise<LayoutBook> {
    const { opened, records } = this.#options;
    await opened;
    const { LayoutBook } = await import('./layout-book');
    this.#book = this.#disposables.add(await LayoutBook.open(records));
    return this.#book;
  }
}
