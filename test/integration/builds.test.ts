import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BuildEvent, BuildOptions, ContextFile } from '../../src/api/build';
import { systemClock } from '../../src/base/clock';
import { renderPlain, textContext } from '../../src/engine/builds/build-fixture';
import { ContainerRunner } from '../../src/engine/builds/container-runner';
import { StoreImageBuilder } from '../../src/engine/builds/image-builder';
import {
  type ContainerLab,
  createContainerLab,
  hasHostPrograms,
  outcomeOf,
  plainContainer,
} from '../support/container-lab';
import { hasFileSystemTools } from '../support/disk-templates';

describe.skipIf(!hasHostPrograms || !hasFileSystemTools)('a build on a container host', () => {
  let made: ContainerLab;
  let builder: StoreImageBuilder;

  beforeAll(async () => {
    made = await createContainerLab();
    await made.loadImage('busybox');
    const randomBytes = (count: number) => crypto.getRandomValues(new Uint8Array(count));
    builder = new StoreImageBuilder({
      remote: made.remote,
      clock: systemClock,
      fetch: (url) => Promise.reject(new TypeError(`Nothing is fetched here: ${url}`)),
      runner: new ContainerRunner({ hosts: made.hosts, randomBytes }),
    });
  });
  afterAll(async () => {
    builder?.dispose();
    await made?.dispose();
  });

  async function run(
    dockerfile: string,
    files: Readonly<Record<string, string>> = {},
    options: BuildOptions = {},
  ): Promise<readonly BuildEvent[]> {
    const events: BuildEvent[] = [];
    for await (const event of builder.build(textContext({ ...files, Dockerfile: dockerfile }), options)) {
      events.push(event);
    }
    return events;
  }

  /** What a command prints in a container of the image. */
  async function inside(image: string, command: string): Promise<string> {
    const host = await made.hosts.open();
    const layers = (await made.images.select(image)).layers.map(({ diffId }) => diffId);
    const id = `look-${crypto.randomUUID()}`;
    const outcome = await outcomeOf(await host.run(plainContainer(id, layers, ['/bin/sh', '-c', command])));
    await host.removeRoot(id);
    return outcome.stdout + outcome.stderr;
  }

  const cachedIn = (events: readonly BuildEvent[]): readonly string[] => {
    const cached = new Set(events.flatMap((event) => (event.kind === 'cached' ? [event.step] : [])));
    return events.flatMap((event) =>
      event.kind === 'started' && cached.has(event.step.number) ? [event.step.instruction?.text ?? ''] : [],
    );
  };

  const dockerfile = [
    'FROM busybox AS tools',
    'ARG greeting=hello',
    'RUN echo "$greeting from $(id -u)" > /made && mkdir /deep && echo x > /deep/x && ln -s made /link',
    'FROM busybox',
    'WORKDIR /srv',
    'COPY --from=tools /made /deep ./',
    'COPY app.sh .',
    'RUN chmod +x app.sh && rm /etc/group && ./app.sh > out',
    'RUN <<EOF',
    'echo one >> out',
    'pwd >> out',
    'EOF',
    'USER nobody',
    'ENV HOME=/tmp',
    'RUN id -un > /tmp/who; echo told >&2; echo half; true',
    'CMD ["./app.sh"]',
    '',
  ].join('\n');
  const files = { 'app.sh': '#!/bin/sh\necho the app\n' };

  it('runs commands on the layers below, and keeps what they change', async () => {
    const events = await run(dockerfile, files, { tags: ['app'] });
    expect(events.at(-1), renderPlain(events)).toMatchObject({ kind: 'built', names: ['app:latest'] });
    expect(await inside('app', 'cat /srv/made /srv/x /srv/out /tmp/who; ls /etc/group; stat -c %u /tmp/who')).toBe(
      'hello from 0\nx\nthe app\none\n/srv\nnobody\n65534\nls: /etc/group: No such file or directory\n',
    );
    expect(renderPlain(events)).toMatch(/#\d+ \d+\.\d{3} half\n/);
  });

  it('runs only what comes after a file that has changed', async () => {
    const again = await run(dockerfile, files);
    expect(cachedIn(again)).toHaveLength(11);
    const changed = await run(dockerfile, { 'app.sh': '#!/bin/sh\necho another app\n' }, { tags: ['app'] });
    expect(changed.at(-1), renderPlain(changed)).toMatchObject({ kind: 'built' });
    expect(cachedIn(changed).map((text) => text.split(' ')[0])).toEqual(['ARG', 'RUN', 'WORKDIR', 'COPY']);
    expect(await inside('app', 'cat /srv/out')).toBe('another app\none\n/srv\n');
    const other = await run(dockerfile, files, { buildArgs: { greeting: 'bye' } });
    expect(cachedIn(other).map((text) => text.split(' ')[0])).toEqual(['ARG', 'WORKDIR', 'COPY']);
  });

  it('stops at a command that fails, says where, and leaves nothing of it', async () => {
    const events = await run('FROM busybox\nRUN echo before; exit 3\nRUN never\n');
    expect(events.at(-1)).toMatchObject({
      kind: 'failed',
      error: { details: { exitCode: 3, command: '/bin/sh -c echo before; exit 3' } },
      excerpt: { marked: { from: 2, to: 2 } },
    });
    expect(renderPlain(events)).toContain(
      '2 | >>> RUN echo before; exit 3\n   3 |     RUN never\n--------------------\nERROR: failed to solve: process "/bin/sh -c echo before; exit 3" did not complete successfully: exit code: 3\n',
    );
    expect(await (await made.hosts.open()).running()).toEqual(new Map());
  });

  it('mounts trees, caches, memory and secrets for one command', async () => {
    const mounts = [
      'FROM busybox AS data',
      'RUN mkdir /data && echo inside > /data/file',
      'FROM busybox',
      'RUN --mount=target=/context --mount=from=data,source=/data,target=/data cat /context/hello /data/file > /seen; ! touch /data/x',
      'RUN --mount=type=cache,target=/cache,mode=0700 echo run >> /cache/runs; wc -l < /cache/runs > /count; stat -c %a /cache >> /count',
      'RUN --mount=type=tmpfs,target=/t touch /t/x && mount | grep -q "on /t type tmpfs" && echo memory > /kind',
      'RUN --mount=type=secret,id=key,mode=0440 cat /run/secrets/key > /length; stat -c %a /run/secrets/key > /mode',
      'RUN --mount=type=secret,id=key,env=KEY printf %s "$KEY" | wc -c > /length',
      'RUN --network=none ls /sys/class/net | grep -v bonding > /nets',
      '',
    ].join('\n');
    const options = { secrets: { key: new TextEncoder().encode('sesame') }, tags: ['mounts'] };
    const events = await run(mounts, { hello: 'from the context\n' }, options);
    expect(events.at(-1), renderPlain(events)).toMatchObject({ kind: 'built' });
    expect(
      await inside(
        'mounts',
        'cat /seen /count /kind /length /mode /nets; ls -d /cache /data /t /context /run 2>&1 | grep -c No',
      ),
    ).toBe('from the context\ninside\n1\n700\nmemory\n6\n440\nlo\n5\n');
    const { config } = await made.images.select('mounts');
    expect(JSON.stringify(config)).not.toContain('sesame');
  });

  it('ends the process when the build is canceled, and takes everything away', async () => {
    const abort = new AbortController();
    let last: BuildEvent | undefined;
    const context = textContext({ Dockerfile: 'FROM busybox\nRUN echo started; exec sleep 1000\n' });
    for await (const event of builder.build(context, {}, { signal: abort.signal })) {
      if (event.kind === 'log') abort.abort();
      last = event;
    }
    expect(last).toMatchObject({ kind: 'failed', error: { code: 'Canceled' } });
    expect(await (await made.hosts.open()).running()).toEqual(new Map());
  });

  it('does not let a link of an image or of the context lead out of it', async () => {
    const link = (path: string, text: string): ContextFile => ({ path, bytes: new TextEncoder().encode(text) });
    const events = await run(
      'FROM busybox AS evil\nRUN ln -s /../../../../etc /out && ln -s /proc/1/root/etc/shadow /shadow\nFROM busybox\nCOPY --from=evil /out/passwd /copied\nCOPY passwd /out2/\n',
      { passwd: link('x', 'mine').path },
      { tags: ['links'] },
    );
    expect(events.at(-1), renderPlain(events)).toMatchObject({ kind: 'built' });
    // It is the image's own, and not the host's or the machine's that runs this test.
    expect(await inside('links', 'cmp /copied /etc/passwd && echo same')).toBe('same\n');
    const shadow = await run(
      'FROM busybox AS evil\nRUN ln -s /proc/1/root/etc/shadow /shadow\nFROM busybox\nCOPY --from=evil /shadow /x\n',
    );
    expect(shadow.at(-1)).toMatchObject({ kind: 'failed', error: { code: 'NotFound' } });
  });
});
