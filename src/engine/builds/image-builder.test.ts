import { packTar } from 'modern-tar';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { BuildEvent, BuildOptions } from '../../api/build';
import { systemClock } from '../../base/clock';
import { type BuildBench, createBuildBench, renderPlain, textContext } from './build-fixture';

describe('a build without processes', () => {
  let bench: BuildBench;
  beforeEach(async () => {
    bench = await createBuildBench({ clock: systemClock });
  });
  afterEach(() => bench.dispose());

  it('copies files and says what the image runs', async () => {
    const built = await bench.build(
      'FROM scratch\nARG who=you\nENV A=1 B="$who"\nWORKDIR /srv\nWORKDIR app\nCOPY . ./\nLABEL x="$B"\nEXPOSE 80-81\nUSER 7\nVOLUME /data\nSTOPSIGNAL SIGQUIT\nCMD ["run"]\nENTRYPOINT go $A\n',
      { 'bin/run': 'go', '.dockerignore': 'Dockerfile\n.dockerignore\n' },
      { buildArgs: { who: 'me' }, labels: { y: '2' }, tags: ['app'] },
    );
    expect(built.config.run).toEqual({
      env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', 'A=1', 'B=me'],
      workingDir: '/srv/app',
      labels: { x: 'me', y: '2' },
      exposedPorts: ['80/tcp', '81/tcp'],
      user: '7',
      volumes: ['/data'],
      stopSignal: 'SIGQUIT',
      entrypoint: ['/bin/sh', '-c', 'go $A'],
      cmd: ['run'],
      onBuild: [],
    });
    expect(await built.tree()).toEqual({
      srv: { kind: 'directory', mode: 0o755, uid: 0, gid: 0 },
      'srv/app': { kind: 'directory', mode: 0o755, uid: 0, gid: 0 },
      'srv/app/bin': { kind: 'directory', mode: 0o755, uid: 0, gid: 0 },
      'srv/app/bin/run': { kind: 'file', mode: 0o644, uid: 0, gid: 0, text: 'go' },
    });
    expect(built.config.history.map(({ createdBy, emptyLayer }) => [createdBy, emptyLayer ?? false])).toEqual([
      ['ARG who=you', true],
      ['ENV A=1 B=me', true],
      ['WORKDIR /srv', false],
      ['WORKDIR app', false],
      ['COPY . ./ # buildkit', false],
      ['LABEL x=me', true],
      ['EXPOSE 80-81', true],
      ['USER 7', true],
      ['VOLUME /data', true],
      ['STOPSIGNAL SIGQUIT', true],
      ['CMD ["run"]', true],
      ['ENTRYPOINT ["/bin/sh" "-c" "go $A"]', true],
    ]);
    expect(await bench.images.select('app')).toMatchObject({ id: built.image });
  });

  it('makes the same image again from what it knows, and only later steps anew after a change', async () => {
    const dockerfile = 'FROM scratch\nCOPY a /a\nCOPY b /b\nCOPY c /c\n';
    const first = await bench.build(dockerfile, { a: '1', b: '1', c: '1' });
    expect(first.cached).toEqual([]);
    const again = await bench.build(dockerfile, { a: '1', b: '1', c: '1' });
    expect(again.cached).toEqual(['COPY a /a', 'COPY b /b', 'COPY c /c']);
    expect(again.image).toBe(first.image);
    const changed = await bench.build(dockerfile, { a: '1', b: '2', c: '1' });
    expect(changed.cached).toEqual(['COPY a /a', 'COPY c /c']);
    expect((await changed.tree())['b']).toMatchObject({ text: '2' });
    const fresh = await bench.build(dockerfile, { a: '1', b: '2', c: '1' }, { noCache: true });
    expect(fresh.cached).toEqual([]);
  });

  it('tells of itself as BuildKit does', async () => {
    const { plain } = await bench.build(
      'FROM scratch AS x\nCOPY a /\nFROM scratch\nCOPY --from=x / /b/\n',
      { a: '1' },
      { tags: ['t'] },
    );
    const lines = plain.replace(/\d+\.\d+s/g, '0.0s').replace(/sha256:\w+/, 'ID');
    expect(lines).toBe(
      [
        '#1 [internal] load build context\n#1 DONE 0.0s\n',
        '#2 [internal] load build definition from Dockerfile\n#2 DONE 0.0s\n',
        '#3 [internal] load .dockerignore\n#3 DONE 0.0s\n',
        '#4 [x 2/2] COPY a /\n#4 DONE 0.0s\n',
        '#5 [stage-1 2/2] COPY --from=x / /b/\n#5 DONE 0.0s\n',
        '#6 exporting to image\n#6 exporting layers done\n#6 writing image ID done\n#6 naming to t:latest done\n#6 DONE 0.0s\n',
      ].join('\n'),
    );
  });

  it('calls each step by the id that an image of it has', async () => {
    const idsOf = ({ events }: { readonly events: readonly BuildEvent[] }) =>
      events.flatMap((event) => (event.kind === 'finished' || event.kind === 'cached' ? (event.id ?? []) : []));
    const base = await bench.build('FROM scratch\nCOPY a /\nCMD ["x"]\n', { a: '1' }, { tags: ['base'] });
    const [copied, described] = idsOf(base);
    expect(described).toBe(base.image);
    expect((await bench.build('FROM scratch\nCOPY a /\n', { a: '1' })).image).toBe(copied);
    const above = await bench.build('FROM base\nENV A=1\n', {});
    expect(idsOf(above)).toEqual([base.image, above.image]);
  });

  it('marks the lines of the Dockerfile that failed', async () => {
    const events = await bench.run('FROM scratch\n\nCOPY \\\n  missing /x\nCMD a\n', { a: '1' });
    const shown = renderPlain(events);
    expect(shown.slice(shown.indexOf('------'))).toBe(
      [
        '------\n > [2/2] COPY   missing /x:\n------\n',
        'Dockerfile:3\n--------------------\n',
        '   1 |     FROM scratch\n   2 |     \n   3 | >>> COPY \\\n   4 | >>>   missing /x\n   5 |     CMD a\n',
        '--------------------\n',
        'ERROR: failed to solve: failed to compute cache key: failed to calculate checksum: "/missing": not found\n',
      ].join(''),
    );
    const wrong = await bench.run('FROM scratch\nFORM b\n');
    expect(renderPlain(wrong)).toContain(
      '   2 | >>> FORM b\n--------------------\nERROR: failed to solve: dockerfile parse error on line 2: unknown instruction: FORM (did you mean FROM?)\n',
    );
  });

  it('runs what a stage below wants to be run first', async () => {
    const built = await bench.build(
      'FROM scratch AS base\nONBUILD COPY a /from-trigger\nONBUILD ENV T=1\nFROM base\nCOPY a /own\n',
      { a: '1' },
    );
    expect(Object.keys(await built.tree())).toEqual(['from-trigger', 'own']);
    expect(built.events).toContainEqual(
      expect.objectContaining({ kind: 'started', step: expect.objectContaining({ triggers: 2 }) }),
    );
    expect(built.config.run).toMatchObject({ onBuild: [], env: expect.arrayContaining(['T=1']) });
  });

  it('is reproducible with SOURCE_DATE_EPOCH, whenever it is made', async () => {
    const dockerfile = 'FROM scratch\nWORKDIR /made\nCOPY a .\n';
    const epoch = { sourceDateEpoch: 1_500_000_000 };
    const first = await bench.build(dockerfile, { a: '1' }, epoch);
    const other = await createBuildBench({ clock: { ...systemClock, now: () => Date.now() + 1e9 } });
    const second = await other.build(dockerfile, { a: '1' }, epoch);
    await other.dispose();
    expect(second.image).toBe(first.image);
    expect(first.config.created).toBe('2017-07-14T02:40:00.000Z');
  });

  it('is of the moment in which it was last changed, if only in what it says, and keeps that when it is all known', async () => {
    const month = 30 * 86_400_000;
    let now = Date.UTC(2026, 0, 1);
    const later = await createBuildBench({ clock: { ...systemClock, now: () => now } });
    const build = async (text: string, options: BuildOptions = {}) => {
      now += month;
      const { config, cached } = await later.build(text, { a: '1' }, options);
      const isNow = (created: string | undefined): boolean => created === new Date(now).toISOString();
      return {
        created: config.created,
        isNow: isNow(config.created),
        last: isNow(config.history.at(-1)?.created),
        cached,
      };
    };
    try {
      await build('FROM scratch\nCOPY a /\n', { tags: ['base'] });
      const described = await build('FROM base\nENV A=1\nCMD ["x"]\n');
      expect(described).toMatchObject({ isNow: true, last: true, cached: [] });
      expect(await build('FROM base\nENV A=1\nCMD ["x"]\n')).toMatchObject({
        created: described.created,
        last: false,
        cached: ['ENV A=1', 'CMD ["x"]'],
      });
      expect(await build('FROM base\nENV A=1\nCMD ["y"]\n')).toMatchObject({ isNow: true, cached: ['ENV A=1'] });
      expect(await build('FROM base\nENV A=1\nCMD ["x"]\n', { noCache: true })).toMatchObject({ isNow: true });
      const labelled = await build('FROM base\n', { labels: { l: '1' } });
      expect(labelled).toMatchObject({ isNow: true });
      expect(await build('FROM base\n', { labels: { l: '1' } })).toMatchObject({ created: labelled.created });
      const epoch = { sourceDateEpoch: 1_500_000_000 };
      expect(await build('FROM base\nCMD ["x"]\n', epoch)).toMatchObject({ created: '2017-07-14T02:40:00.000Z' });
    } finally {
      await later.dispose();
    }
  });

  it('takes its context as a tar, and the Dockerfile from elsewhere', async () => {
    const tar = await packTar([
      { header: { name: './', type: 'directory', size: 0, mode: 0o700 } },
      { header: { name: './link', type: 'symlink', linkname: '../../etc', size: 0, mode: 0o777 } },
      { header: { name: './a', size: 1, uid: 1000, gid: 1000, mode: 0o750 }, body: 'x' },
    ]);
    const events = [];
    const context = { kind: 'tar' as const, tar: new Blob([new Uint8Array(tar)]) };
    for await (const event of bench.builder.build(context, {
      dockerfileText: 'FROM scratch\nCOPY . /x\n',
      tags: ['t'],
    })) {
      events.push(event);
    }
    expect(events.at(-1)).toMatchObject({ kind: 'built' });
    const [layer] = await bench.images.layers('t');
    expect(layer?.nodes.map(({ kind, mode, uid, target }) => [kind, mode, uid, target])).toEqual([
      ['directory', 0o755, 0, undefined],
      ['directory', 0o700, 0, undefined],
      ['file', 0o750, 0, undefined],
      ['symlink', 0o777, 0, '../../etc'],
    ]);
  });

  it('leaves nothing behind when it fails or is canceled', async () => {
    const before = (await bench.opened.store.list()).length;
    await bench.run('FROM scratch\nCOPY a /a\nCOPY b /b\n', { a: '1' });
    await bench.builder.pruneCache();
    expect((await bench.opened.store.list()).length).toBe(before);
    for (let stopAt = 1; stopAt < 8; stopAt += 1) {
      const abort = new AbortController();
      let count = 0;
      let last: unknown;
      const context = textContext({ Dockerfile: 'FROM scratch\nCOPY a /a\nCOPY a /b\n', a: `${stopAt}` });
      for await (const event of bench.builder.build(context, { noCache: true }, { signal: abort.signal })) {
        count += 1;
        last = event;
        if (count === stopAt) abort.abort();
      }
      expect(last).toMatchObject({ kind: 'failed', error: { code: 'Canceled' } });
      await bench.builder.pruneCache();
      expect((await bench.opened.store.list()).length, `stopped at ${stopAt}`).toBe(before);
    }
    for await (const _ of bench.builder.build(textContext({ Dockerfile: 'FROM scratch\nCOPY . /\n' }))) break;
    expect((await bench.opened.store.list()).length).toBe(before);
    expect(await bench.opened.records.list('imageLeases')).toEqual([]);
  });

  it('keeps what it knows from being collected, until it is pruned', async () => {
    await bench.build(
      'FROM scratch AS x\nCOPY a /a\nFROM scratch\nCOPY b /b\nCOPY --from=x / /x/\n',
      { a: '1', b: '1' },
      { tags: ['t'] },
    );
    await bench.images.remove('t');
    const { steps, createdAt, usedAt } = await bench.builder.cacheUsage();
    expect([steps, createdAt, usedAt].map((each) => each !== undefined)).toEqual([true, true, true]);
    expect([steps, Date.now() - (createdAt ?? 0) < 60_000, (usedAt ?? 0) >= (createdAt ?? 0)]).toEqual([3, true, true]);
    const { cached } = await bench.build('FROM scratch\nCOPY a /a\n', { a: '1' });
    expect(cached).toEqual(['COPY a /a']);
    await bench.images.prune();
    expect(await bench.builder.pruneCache({ usedBefore: Date.now() - 3_600_000 })).toBe(0);
    const { bytes } = await bench.builder.cacheUsage();
    expect(await bench.builder.pruneCache({ keepBytes: bytes })).toBe(0);
    expect(await bench.builder.cacheUsage()).toMatchObject({ steps: 3, bytes });
    await bench.builder.pruneCache({ keepBytes: bytes - 1 });
    expect(await bench.builder.cacheUsage()).toMatchObject({ steps: 2 });
    expect(await bench.builder.pruneCache({ usedBefore: Date.now() + 3_600_000 })).toBeGreaterThan(0);
    expect(await bench.builder.cacheUsage()).toEqual({ steps: 0, bytes: 0 });
    expect(await bench.opened.store.list()).toEqual([]);
  });

  it('tells of arguments that nothing asked for', async () => {
    const { events } = await bench.build(
      'FROM scratch\nCOPY a /\n',
      { a: '' },
      { buildArgs: { lost: '1', HTTP_PROXY: 'x' } },
    );
    expect(events).toContainEqual({ kind: 'warning', message: 'One or more build-args [lost] were not consumed' });
  });
});
