import { execFile } from 'node:child_process';
import { lstat, mkdtemp, readFile, readlink, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findProgram } from '../../scripts/lib/judges.mjs';
import { verifyLayout } from '../../scripts/verify-artifacts.mjs';
import { systemClock } from '../../src/base/clock';
import { chunksOf } from '../../src/base/streams';
import { type BuildBench, createBuildBench } from '../../src/engine/builds/build-fixture';
import { collectBytes } from '../../src/storage/images/image-fixture';
import { layoutOf } from '../support/container-lab';

const skopeo = findProgram('skopeo');
const umoci = findProgram('umoci');
const isRoot = process.getuid?.() === 0;
const run = async (program: string, ...args: string[]): Promise<string> =>
  (await promisify(execFile)(program, args, { maxBuffer: 2 ** 26 })).stdout;

/** Images that are built here, judged by programs that have nothing to do with us. */
describe.runIf(skopeo)('an image that was built on debian', () => {
  let folder: string;
  let bench: BuildBench;
  let layout: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'strata-build-'));
    bench = await createBuildBench({ clock: systemClock });
    const [loaded] = await bench.images.loadFolder(layoutOf('debian'));
    await bench.images.tag(loaded?.id ?? '', 'debian');
    await bench.build(
      [
        'FROM scratch AS tree',
        'COPY app /app/',
        'FROM debian',
        'WORKDIR /srv/app',
        'COPY --from=tree --chown=www-data:www-data --chmod=640 /app ./',
        'COPY --chown=daemon <<EOF /etc/motd',
        'welcome',
        'EOF',
        'COPY app/main /bin/program',
        'ENV MODE=tested',
        'CMD ["/bin/program"]',
        '',
      ].join('\n'),
      { 'app/main': '#!/bin/sh\n', 'app/sub/file': 'x' },
      { tags: ['registry.example/built:1'], labels: { by: 'us' } },
    );
    const archive = join(folder, 'built.tar');
    const stream = await bench.images.save(['registry.example/built:1'], 'oci-archive');
    await writeFile(archive, await collectBytes(chunksOf(stream)));
    layout = join(folder, 'layout');
    const names = [`oci-archive:${archive}`, `oci:${layout}:1`];
    await run(skopeo ?? '', 'copy', '--insecure-policy', '--override-arch=386', '--override-os=linux', ...names);
  }, 120_000);
  afterEach(async () => {
    await bench.dispose();
    await rm(folder, { recursive: true, force: true });
  });

  it('is one for skopeo, with its config, its history and its diffIDs', async () => {
    expect(await verifyLayout(layout)).toEqual([]);
    const config = JSON.parse(await run(skopeo ?? '', 'inspect', '--config', `oci:${layout}:1`));
    expect(config).toMatchObject({
      architecture: '386',
      os: 'linux',
      config: { Cmd: ['/bin/program'], WorkingDir: '/srv/app', Labels: { by: 'us' } },
    });
    const made = config.history.filter((entry: { empty_layer?: boolean }) => !entry.empty_layer);
    expect(made).toHaveLength(config.rootfs.diff_ids.length);
    expect(config.history.at(-1)).toMatchObject({ created_by: 'CMD ["/bin/program"]', empty_layer: true });
  }, 120_000);

  it.runIf(umoci && isRoot)(
    'unpacks by umoci to what its Dockerfile says',
    async () => {
      const bundle = join(folder, 'bundle');
      await run(umoci ?? '', 'unpack', '--image', `${layout}:1`, bundle);
      const at = (path: string): string => join(bundle, 'rootfs', path);
      const look = async (path: string) => {
        const { mode, uid, gid } = await lstat(at(path));
        return [(mode & 0o7777).toString(8), uid, gid];
      };
      expect(await look('srv/app/main')).toEqual(['640', 33, 33]);
      expect(await look('srv/app/sub')).toEqual(['640', 33, 33]);
      expect(await readFile(at('srv/app/sub/file'), 'utf8')).toBe('x');
      expect([await readFile(at('etc/motd'), 'utf8'), (await look('etc/motd'))[1]]).toEqual(['welcome\n', 1]);
      // Debian's /bin is a link to usr/bin: it stays one, and the file goes where it leads.
      expect(await readlink(at('bin'))).toBe('usr/bin');
      expect(await readFile(at('usr/bin/program'), 'utf8')).toBe('#!/bin/sh\n');
      expect((await lstat(at('etc/passwd'))).isFile()).toBe(true);
    },
    120_000,
  );
});
