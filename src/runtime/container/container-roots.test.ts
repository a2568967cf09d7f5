import { describe, expect, it } from 'vitest';
import type { ContainerRoot } from '../../api/container-host';
import type { Digest } from '../../api/content-store';
import type { ExecSpec } from '../../api/instance';
import { SandboxError } from '../../base/errors';
import { ContainerRoots } from './container-roots';
import { containerPaths } from './host-paths';
import { holdProcess } from './process-fixture';
import type { RuntimeCall } from './runtime-protocol';

const layer: Digest = `sha256:${'a'.repeat(64)}`;
const onDisk: ContainerRoot = { layers: [layer], writable: 'disk' };
const inMemory: ContainerRoot = { layers: [layer], writable: 'tmpfs' };
const ofOthers: ContainerRoot = { ...onDisk, firstId: 100_000 };

/** A host of which only the files are told that are written down of a container. */
class ScriptedHost {
  readonly files = new Map<string, string>();
  readonly removed: string[] = [];
  readonly programs: (readonly string[])[] = [];
  calls = 0;
  offers = 0;
  ended: SandboxError | undefined;

  /** Of a page: they know nothing of what an earlier one has made. */
  open(): ContainerRoots {
    return new ContainerRoots({
      guest: this,
      access: this,
      offer: async (layers) => {
        this.offers += 1;
        return layers.map((_, index) => String(index));
      },
    });
  }

  assertOpen(): void {
    if (this.ended) throw this.ended;
  }

  async call(call: RuntimeCall, parameters: Readonly<Record<string, unknown>>): Promise<unknown> {
    this.assertOpen();
    this.calls += 1;
    const { path, files = {} } = parameters as { path: string; files?: Record<string, string> };
    if (call === 'remove') {
      this.removed.push(path);
      for (const name of this.files.keys()) if (name.startsWith(path)) this.files.delete(name);
    }
    for (const [name, text] of Object.entries(files)) this.files.set(`${path}/${name}`, text);
    return {};
  }

  async exec({ argv }: ExecSpec) {
    this.programs.push(argv);
    const held = holdProcess();
    const text = this.files.get(argv.at(-1) ?? '');
    if (text !== undefined) held.say(text);
    held.end(argv[0] === 'cat' && text === undefined ? 1 : 0);
    return { id: 'program', ...held.process };
  }
}

describe('the root of a container', () => {
  it('is made once, and made again when it is to be another', async () => {
    const host = new ScriptedHost();
    const roots = host.open();
    await roots.make('web', onDisk, {});
    await roots.make('web', { ...onDisk }, {});
    expect(host.calls).toBe(1);
    expect(await roots.placeOf('web')).toEqual({
      paths: containerPaths('web'),
      layers: ['0'],
      pid: undefined,
      firstId: undefined,
    });
    await roots.make('web', inMemory, {});
    expect((await roots.placeOf('web')).paths).toEqual(containerPaths('web', 'tmpfs'));
  });

  it('is not made when that was canceled', async () => {
    const host = new ScriptedHost();
    await expect(host.open().make('web', onDisk, { signal: AbortSignal.abort() })).rejects.toThrow();
    expect(host.calls).toBe(0);
  });

  it('is found by a later page, whose store offers its layers anew', async () => {
    const host = new ScriptedHost();
    await host.open().make('web', inMemory, {});
    const later = host.open();
    host.files.set('/run/strata/writes/web/upper', '4200');
    expect(await later.bytes('web')).toBe(4200);
    await later.placeOf('web');
    expect(host.offers).toBe(2);
  });

  it('is not looked for on a host that has ended', async () => {
    const host = new ScriptedHost();
    host.ended = new SandboxError('Unavailable', 'The host has ended');
    await expect(host.open().placeOf('web')).rejects.toMatchObject({ code: 'Unavailable' });
    expect(host.programs).toEqual([]);
  });

  it('has a layer of owners above its own, and an upper directory that is theirs', async () => {
    const host = new ScriptedHost();
    const roots = host.open();
    await roots.make('web', ofOthers, {});
    const { layers, firstId } = await roots.placeOf('web');
    expect(layers).toEqual(['0', expect.stringMatching(/^\/var\/lib\/strata\/shifted\/[0-9a-f]{64}\/upper$/)]);
    expect(firstId).toBe(100_000);
    const owned = host.programs.find((argv) => argv.includes('strata-own'));
    expect(owned?.slice(-2)).toEqual([containerPaths('web').upper, '100000:100000']);
  });
});

describe('the root of a container that is removed', () => {
  it.each([
    [
      onDisk,
      ['/run/strata/bundles/web', '/var/lib/strata/containers/web/upper', '/var/lib/strata/containers/web/work'],
    ],
    [inMemory, ['/run/strata/bundles/web', '/run/strata/writes/web']],
  ])('goes with what was written, and what says how it was made goes last: $writable', async (root, paths) => {
    const host = new ScriptedHost();
    await host.open().make('web', root, {});
    const later = host.open();
    await later.remove('web');
    expect(host.removed).toEqual([...paths, '/var/lib/strata/containers/web']);
    // The image may be gone.
    expect(host.offers).toBe(1);
    await expect(later.placeOf('web')).rejects.toMatchObject({ code: 'NotFound', message: 'No such container: web' });
  });

  it('is nothing where there is none', async () => {
    const host = new ScriptedHost();
    await expect(host.open().remove('web')).rejects.toMatchObject({ code: 'NotFound' });
    expect(host.removed).toEqual([]);
  });

  it('goes even where its layer of owners cannot be taken away', async () => {
    const host = new ScriptedHost();
    const roots = host.open();
    await roots.make('web', ofOthers, {});
    const tried: (readonly string[])[] = [];
    host.exec = async ({ argv }) => {
      tried.push(argv);
      throw new Error('busy');
    };
    await roots.remove('web');
    expect(tried).toHaveLength(1);
    expect(host.removed.at(-1)).toBe('/var/lib/strata/containers/web');
  });
});

describe('where something was mounted in a container', () => {
  it('is written down when it has changed, for later pages', async () => {
    const host = new ScriptedHost();
    const roots = host.open();
    expect(await roots.mountPointsOf('web')).toEqual([]);
    await roots.noteMountPoints('web', ['/etc/hosts']);
    await roots.noteMountPoints('web', ['/etc/hosts']);
    expect(host.calls).toBe(1);
    const later = host.open();
    expect(await later.mountPointsOf('web')).toEqual(['/etc/hosts']);
    await later.noteMountPoints('web', ['/etc/hosts']);
    expect(host.calls).toBe(1);
    await later.noteMountPoints('web', ['/data']);
    expect(await host.open().mountPointsOf('web')).toEqual(['/data']);
  });

  it('is forgotten with its root', async () => {
    const host = new ScriptedHost();
    const roots = host.open();
    await roots.make('web', onDisk, {});
    await roots.noteMountPoints('web', ['/etc/hosts']);
    await roots.remove('web');
    expect(await roots.mountPointsOf('web')).toEqual([]);
  });
});
