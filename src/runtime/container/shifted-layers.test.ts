import { beforeEach, describe, expect, it } from 'vitest';
import type { Digest } from '../../api/content-store';
import type { ExecSpec } from '../../api/instance';
import { createDeferred } from '../../base/deferred';
import { holdProcess } from './process-fixture';
import { ShiftedLayers } from './shifted-layers';

const layer = (digit: string): Digest => `sha256:${digit.repeat(64)}`;
const debian = { layers: [layer('a')], firstId: 100_000 };
const alpine = { layers: [layer('b')], firstId: 100_000 };

/** A host of which only the directories of such layers and the records of roots are told. */
class ScriptedGuest {
  readonly shifted = new Set<string>();
  readonly roots = new Map<string, string>();
  /** What is to happen before the next removal. */
  removing: Promise<void> = Promise.resolve();

  async exec({ argv }: ExecSpec) {
    const held = holdProcess();
    void this.#run(argv, held.say).then((code) => held.end(code));
    return { id: 'program', ...held.process };
  }

  async #run(argv: readonly string[], say: (text: string) => void): Promise<number> {
    if (argv.includes('strata-shift')) {
      this.shifted.add(lastName(argv.at(-1)));
    } else if (argv[0] === 'rm') {
      await this.removing;
      for (const path of argv.slice(2)) this.shifted.delete(lastName(path));
    } else {
      for (const root of this.roots.values()) say(`${root}\n`);
      for (const name of this.shifted) say(`${name}\n`);
    }
    return 0;
  }
}

function lastName(path = ''): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

describe('layers of owners', () => {
  let guest: ScriptedGuest;
  let layers: ShiftedLayers;
  beforeEach(() => {
    guest = new ScriptedGuest();
    layers = new ShiftedLayers(guest);
  });

  it('are shared, and go with the last container that needs them', async () => {
    const [one, two] = await Promise.all([layers.prepare('one', ['a'], debian), layers.prepare('two', ['a'], debian)]);
    expect(one).toBe(two);
    await layers.prepare('three', ['b'], alpine);
    expect(guest.shifted.size).toBe(2);
    await layers.release('one');
    expect(guest.shifted.size).toBe(2);
    await layers.release('two');
    expect(one).not.toContain([...guest.shifted][0]);
    await layers.release('three');
    expect(guest.shifted.size).toBe(0);
  });

  it('stay for containers that an earlier page has made', async () => {
    await layers.prepare('one', ['a'], debian);
    guest.roots.set('earlier', JSON.stringify({ ...debian, writable: 'disk' }));
    guest.roots.set('plain', JSON.stringify({ layers: alpine.layers, writable: 'disk' }));
    const later = new ShiftedLayers(guest);
    await later.prepare('two', ['b'], alpine);
    await later.release('two');
    expect(guest.shifted.size).toBe(1);
    guest.roots.delete('earlier');
    await later.release('earlier');
    expect(guest.shifted.size).toBe(0);
  });

  it('stay where a record of a root cannot be read', async () => {
    await layers.prepare('one', ['a'], debian);
    guest.roots.set('cut short', '{"layers":');
    await layers.release('one');
    expect(guest.shifted.size).toBe(1);
  });

  it('are made again for a container that comes while they are taken away', async () => {
    await layers.prepare('one', ['a'], debian);
    const removing = createDeferred<void>();
    guest.removing = removing.promise;
    const released = layers.release('one');
    const again = layers.prepare('two', ['a'], debian);
    removing.resolve();
    await Promise.all([released, again]);
    expect(guest.shifted.size).toBe(1);
  });
});
