import { describe, expect, it } from 'vitest';
import type { Digest } from '../../api/content-store';
import { SandboxError } from '../../base/errors';
import { buildLayer, directory, file, layerSource } from './layer-fixture';
import { LayerStoreTree } from './layer-store-tree';
import { mountNineP } from './nine-p-access-fixture';
import { NineServer } from './nine-p-server';

const base: Digest = `sha256:${'a'.repeat(64)}`;
const top: Digest = `sha256:${'b'.repeat(64)}`;

const layers = new Map([
  [base, buildLayer({ etc: directory({ motd: file('hello\n') }, { mode: 0o750, uid: 5 }) })],
  // It has no entry for /etc, only for what is in it.
  [top, buildLayer({ etc: directory({ issue: file('Strata\n') }, { implied: true }) })],
]);

function setUp() {
  const stacks = new Map<string, readonly Digest[]>();
  const opened: Digest[] = [];
  const tree = () =>
    new LayerStoreTree({
      async stack(name) {
        const stack = stacks.get(name);
        if (!stack) throw new SandboxError('NotFound', `No layer was offered by this name: ${name}`);
        return stack;
      },
      async layer(diffId) {
        opened.push(diffId);
        const layer = layers.get(diffId);
        if (!layer) throw new SandboxError('NotFound', `No such layer: ${diffId}`);
        return layerSource(layer);
      },
    });
  return { stacks, opened, tree };
}

const mount = (tree: LayerStoreTree) => mountNineP(new NineServer({ tree, maxMessageBytes: 65_536 }));
const textOf = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

describe('a store of layers as one file system', () => {
  it('finds a layer that was offered after its name was asked for in vain', async () => {
    const { stacks, tree } = setUp();
    const access = await mount(tree());
    await expect(access.stat('/one')).rejects.toThrow();
    stacks.set('one', [base]);
    expect(textOf(await access.read('/one/etc/motd'))).toBe('hello\n');
    expect(await access.list('/')).toEqual(['.', '..', 'one']);
  });

  it('opens nothing before it is asked for', async () => {
    const { stacks, opened, tree } = setUp();
    stacks.set('one', [base]);
    const access = await mount(tree());
    expect(await access.list('/')).toEqual(['.', '..']);
    expect(opened).toEqual([]);
    await access.stat('/one');
    expect(opened).toEqual([base]);
  });

  it('describes what a layer only implies by what lies below it in that stack', async () => {
    const { stacks, tree } = setUp();
    stacks.set('alone', [top]);
    stacks.set('above', [base, top]);
    const access = await mount(tree());
    expect(await access.stat('/above/etc')).toMatchObject({ mode: 0o040750, uid: 5 });
    expect(await access.stat('/alone/etc')).toMatchObject({ mode: 0o040755, uid: 0 });
    expect(await access.list('/above/etc')).toEqual(['.', '..', 'issue']);
  });

  it('gives numbers that are small, unique, and the same to two who ask at once', async () => {
    const { stacks, tree } = setUp();
    stacks.set('one', [base]);
    stacks.set('two', [base, top]);
    const made = tree();
    const found = await Promise.all(['one', 'two', 'one'].map((name) => made.lookup(made.root, name)));
    const numbers = found.map((each) => each?.inode ?? 0);
    expect(numbers[0]).toBe(numbers[2]);
    expect(numbers[0]).not.toBe(numbers[1]);
    expect(Math.max(...numbers)).toBeLessThan(20);
    expect((await made.lookup(numbers[1] ?? 0, '..'))?.inode).toBe(made.root);
  });

  it('means the same by its numbers after a restore, and opens what is asked for then', async () => {
    const { stacks, opened, tree } = setUp();
    stacks.set('one', [base]);
    stacks.set('two', [base, top]);
    const before = tree();
    const two = await before.lookup(before.root, 'two');
    const one = await before.lookup(before.root, 'one');
    const saved: unknown = JSON.parse(JSON.stringify(before.numbering.save()));
    // A later page has offered nothing yet.
    stacks.clear();
    opened.length = 0;
    const after = tree();
    after.numbering.restore(saved);
    expect(opened).toEqual([]);
    const etc = await after.lookup(one?.inode ?? 0, 'etc');
    expect(etc).toMatchObject({ mode: 0o040750 });
    expect(opened).toEqual([base]);
    expect(await after.lookup(two?.inode ?? 0, 'etc')).toMatchObject({ mode: 0o040750, uid: 5 });
    expect((await after.lookup(after.root, 'one'))?.inode).toBe(one?.inode);
  });

  it('says that a number is stale when what was saved is damaged', async () => {
    const { tree } = setUp();
    const made = tree();
    made.numbering.restore([['one', ['nonsense'], 4]]);
    expect(() => made.attributes(2)).toThrow(/No such inode/);
  });

  it('tries a layer again that could not be opened', async () => {
    const { stacks, tree } = setUp();
    const missing: Digest = `sha256:${'c'.repeat(64)}`;
    stacks.set('one', [missing]);
    const made = tree();
    expect(await made.lookup(made.root, 'none')).toBeUndefined();
    await expect(made.lookup(made.root, 'one')).rejects.toMatchObject({ code: 'NotFound' });
    layers.set(missing, buildLayer({ file: file('x') }));
    expect(await made.lookup(made.root, 'one')).toBeDefined();
    layers.delete(missing);
  });
});
