import type { Digest } from '../api/content-store';
import { SandboxError } from '../base/errors';
import { createDigester } from '../formats/digest';

/** Hexadecimal digits of a name: short, since overlayfs takes all names of a stack on one page of memory. */
const nameDigits = 16;

/**
 * Names for layers in their stacks, by which machines with a layer store (api/share.ts) find them. A layer has a name
 * for each stack that it is in: what lies below it says who owns directories that it only implies.
 */
export class LayerStacks {
  readonly #stacks = new Map<string, readonly Digest[]>();

  /** The names of a stack's layers, the lowest first; machines can walk to them from now on. */
  async offer(layers: readonly Digest[]): Promise<readonly string[]> {
    const names: string[] = [];
    for (const count of layers.keys()) {
      const stack = layers.slice(0, count + 1);
      const digester = await createDigester();
      digester.update(new TextEncoder().encode(stack.join('\n')));
      const name = digester.digest().slice('sha256:'.length).slice(0, nameDigits);
      const known = this.#stacks.get(name);
      if (known && known.join() !== stack.join()) {
        throw new SandboxError('Internal', `Two stacks of layers have the same name: ${name}`);
      }
      this.#stacks.set(name, stack);
      names.push(name);
    }
    return names;
  }

  /** The layers up to the one of that name. `NotFound`: it was not offered. */
  stack(name: string): readonly Digest[] {
    const stack = this.#stacks.get(name);
    if (stack) return stack;
    throw new SandboxError('NotFound', `No layer was offered by this name: ${name}`);
  }
}
