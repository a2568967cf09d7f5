import type { OciSeccomp } from '../../api/oci-runtime';
import { SandboxError } from '../../base/errors';
import { digestHex, digestOf } from '../../formats/digest';
import { seccompDirectory } from './host-paths';
import type { HostRuntime } from './host-runtime';

/**
 * Seccomp programs of a host, each compiled once: docker's profile is nine tenths of what a container's config says, and a
 * guest would read and compile it anew for each container.
 */
export class SeccompPrograms {
  readonly #runtime: Pick<HostRuntime, 'call'>;
  readonly #made = new Map<string, Promise<string | undefined>>();

  constructor(runtime: Pick<HostRuntime, 'call'>) {
    this.#runtime = runtime;
  }

  /** Where the compiled program lies in the guest; undefined for a profile that the runtime refuses, which it says when it runs. */
  async pathOf(profile: OciSeccomp): Promise<string | undefined> {
    const text = JSON.stringify(profile);
    const known = this.#made.get(text) ?? this.#make(text, profile);
    this.#made.set(text, known);
    known.catch(() => this.#made.delete(text));
    return known;
  }

  async #make(text: string, profile: OciSeccomp): Promise<string | undefined> {
    const directory = `${seccompDirectory}/${digestHex(await digestOf(new TextEncoder().encode(text)))}`;
    const [path, ready] = [`${directory}/program`, `${directory}/ready`];
    try {
      // A page before this one may have had it compiled.
      if (await this.#isThere(ready)) return path;
      await this.#runtime.call('bundle', { path: directory });
      await this.#runtime.call('seccomp', { path, profile });
      await this.#runtime.call('bundle', { path: ready });
      return path;
    } catch (error) {
      if (isRefusal(error)) return undefined;
      throw error;
    }
  }

  async #isThere(path: string): Promise<boolean> {
    return this.#runtime.call('usage', { path }).then(
      () => true,
      (error: unknown) => {
        if (error instanceof SandboxError && error.code === 'NotFound') return false;
        throw error;
      },
    );
  }
}

function isRefusal(error: unknown): boolean {
  return error instanceof SandboxError && (error.code === 'InvalidArgument' || error.code === 'Unimplemented');
}
