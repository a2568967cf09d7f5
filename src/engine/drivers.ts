import type { InstanceDriver, InstanceKind, InstanceSpec } from '../api/instance';
import { SandboxError } from '../base/errors';

/** A driver whose code comes with the first instance of its kind. */
export interface DriverPart {
  readonly kind: InstanceKind;
  readonly open: () => Promise<InstanceDriver>;
}

/** The drivers of a lab, one for each kind. */
export class Drivers {
  readonly #parts = new Map<InstanceKind, DriverPart>();
  readonly #opening = new Map<InstanceKind, Promise<InstanceDriver>>();
  readonly #open = new Map<InstanceKind, InstanceDriver>();

  constructor(parts: readonly (InstanceDriver | DriverPart)[]) {
    for (const part of parts) {
      if ('open' in part) this.#parts.set(part.kind, part);
      else this.#open.set(part.kind, part);
    }
  }

  /** Fetches the driver of a kind, if it is not here. What fails may be tried again. */
  async prepare(kind: InstanceKind): Promise<void> {
    const part = this.#parts.get(kind);
    if (!part || this.#open.has(kind)) return;
    const opening = this.#opening.get(kind) ?? part.open();
    this.#opening.set(kind, opening);
    try {
      this.#open.set(kind, await opening);
    } finally {
      this.#opening.delete(kind);
    }
  }

  /** `Unimplemented` for a kind that this lab has no driver for, or none yet. */
  of({ kind }: InstanceSpec): InstanceDriver {
    const driver = this.#open.get(kind);
    if (!driver) throw new SandboxError('Unimplemented', `No driver for instances of kind "${kind}"`);
    return driver;
  }

  /** Undefined where there is none, or none yet. */
  find(kind: InstanceKind): InstanceDriver | undefined {
    return this.#open.get(kind);
  }
}
