import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { installedPackages } from '../../images/bases/debian-root';
import { readBlob, readManifest, readReferences } from '../../images/lib/oci-layout';
import { rootDirectory } from '../../images/lib/paths';
import { parseTar } from '../../images/lib/tar';
import { layoutOf } from '../support/container-lab';
import { hasFileSystemTools } from '../support/disk-templates';
import { createImageLab, type ImageLab } from '../support/image-lab';
import { shell } from '../support/node-lab';

const registry = `${rootDirectory}/public/registry`;
const published = readReferences(registry).get('library/debian:latest');

/** A guard against hanging: apt reads its lists in an emulated machine. */
const timeout = 600_000;

/**
 * A root that mmdebstrap made (the layer of the published `debian`), as a tar: exported, imported again and started.
 * `npm run soak -- --only debootstrap` has one that mmdebstrap makes then, of what the archive has.
 */
describe.skipIf(!published || !hasFileSystemTools)('a Debian root, imported as a tar', { timeout }, () => {
  let made: ImageLab;
  let id: string;
  const run = async (line: string): Promise<string> => {
    const { code, stdout, stderr } = await shell(made.lab.instance(id), line);
    expect({ code, stderr }).toEqual({ code: 0, stderr: expect.not.stringMatching(/^E:/m) });
    return stdout;
  };

  beforeAll(async () => {
    made = await createImageLab();
    const { images, lab, diskMiB } = made;
    const [loaded] = await images.loadFolder(layoutOf('debian'));
    const tar = await images.export(loaded?.id ?? '');
    await images.import(tar, { reference: 'bootstrapped' });
    await images.remove(loaded?.id ?? '');
    ({ id } = await lab.createFromImage({ image: 'bootstrapped', name: 'debian', diskMiB, command: [] }));
    await lab.start(id).finished;
  }, timeout);
  afterAll(() => made?.dispose());

  it('has the packages that were installed in it, to apt and to dpkg', async () => {
    const [layer] = published ? readManifest(registry, published).layers : [];
    const tree = parseTar(layer ? gunzipSync(readBlob(registry, layer)) : Buffer.alloc(0));
    const expected = installedPackages(tree).map((line) => line.split(' ')[0]);
    const listed = (await run('apt list --installed')).split('\n').filter((line) => line.includes('[installed'));
    expect(listed.map((line) => line.split('/')[0]).sort()).toEqual([...expected].sort());
    const known = (await run('dpkg --get-selections')).trim().split('\n');
    expect(known.map((line) => line.replace(/:i386/, '').split(/\s+/)).sort()).toEqual(
      expected.map((name) => [name, 'install']).sort(),
    );
  });

  it('is whole to both', async () => {
    expect(await run('dpkg --audit')).toBe('');
    expect(await run('apt-get check')).toContain('Building dependency tree');
  });
});
