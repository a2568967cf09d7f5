import type { Digest } from '../../api/content-store';
import type { Operation } from '../../api/operation';
import type { UnikernelImageSource, UnikernelVariant } from '../../api/unikernel';
import { SandboxError, toSandboxError } from '../../base/errors';
import type { CheckedModule } from './check-module';
import type { ProgramKind } from './program';

/** Compiled modules that are kept; a lab has a handful of programs. */
const maxModules = 32;

/** A module and how it is run here. */
export interface RunnableModule extends CheckedModule {
  readonly kind: ProgramKind;
}

/**
 * Modules, checked and compiled once for each digest and ceiling of memory. Workers get the compiled module, which
 * shares its code.
 */
export class ModuleCache {
  readonly #images: UnikernelImageSource;
  readonly #hasJspi: boolean;
  readonly #digests = new Map<string, Digest>();
  readonly #modules = new Map<string, Promise<CheckedModule>>();

  constructor(images: UnikernelImageSource, hasJspi: boolean) {
    this.#images = images;
    this.#hasJspi = hasJspi;
  }

  /** `Unimplemented` for a blocking module where nothing can make it wait; else errors of the source and of the check. */
  async get(image: string, memoryMiB: number, operation?: Operation): Promise<RunnableModule> {
    const module = await this.#checked(image, 'module', memoryMiB, operation);
    if (module.form === 'evented') return { ...module, kind: 'evented' };
    if (module.asyncify) return { ...module, kind: 'asyncify' };
    if (this.#hasJspi) return { ...module, kind: 'jspi' };
    return { ...(await this.#rewritten(image, memoryMiB, operation)), kind: 'asyncify' };
  }

  async #rewritten(image: string, memoryMiB: number, operation?: Operation): Promise<CheckedModule> {
    try {
      const module = await this.#checked(image, 'asyncify', memoryMiB, operation);
      if (module.asyncify) return module;
    } catch (thrown) {
      if (toSandboxError(thrown).code !== 'NotFound') throw thrown;
    }
    const message = `${image} waits in the middle of its work, which this browser cannot do (it has no JSPI), and it has no build for such browsers`;
    throw new SandboxError('Unimplemented', message, { details: { image } });
  }

  async #checked(
    image: string,
    variant: UnikernelVariant,
    memoryMiB: number,
    operation?: Operation,
  ): Promise<CheckedModule> {
    const name = `${variant} ${image}`;
    const digest = this.#digests.get(name);
    const known = digest && this.#modules.get(keyOf(digest, memoryMiB));
    if (known) return known;
    const [loaded, { checkModule }] = await Promise.all([
      this.#images.load(image, variant, operation),
      // Not before somebody runs a unikernel.
      import('./check-module'),
    ]);
    this.#digests.set(name, loaded.digest);
    const key = keyOf(loaded.digest, memoryMiB);
    const checked = this.#modules.get(key) ?? checkModule(new Uint8Array(loaded.bytes), memoryMiB);
    this.#keep(key, checked);
    return checked;
  }

  #keep(key: string, checked: Promise<CheckedModule>): void {
    this.#modules.delete(key);
    this.#modules.set(key, checked);
    // What breaks a rule will break it again; but it is not worth a place.
    checked.catch(() => this.#modules.delete(key));
    for (const oldest of this.#modules.keys()) {
      if (this.#modules.size <= maxModules) return;
      this.#modules.delete(oldest);
    }
  }
}

function keyOf(digest: Digest, memoryMiB: number): string {
  return `${digest} ${memoryMiB}`;
}
