import { packTar } from 'modern-tar';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { BuildContext, BuildEvent } from '../../api/build';
import { systemClock } from '../../base/clock';
import { digestOf } from '../../formats/digest';
import { makeImage, makeLayer, pullImage } from '../../storage/images/image-fixture';
import { type BuildBench, createBuildBench, readBuilt } from './build-fixture';

const text = (value: string) => new TextEncoder().encode(value);

async function archive(): Promise<Uint8Array<ArrayBuffer>> {
  const tar = await packTar([
    { header: { name: 'in/', type: 'directory', size: 0, mode: 0o700, uid: 4, gid: 5 } },
    { header: { name: 'in/file', size: 1, mode: 0o600, uid: 4, gid: 5 }, body: 'x' },
  ]);
  const packed = new Blob([new Uint8Array(tar)]).stream().pipeThrough(new CompressionStream('gzip'));
  return new Uint8Array(await new Response(packed).arrayBuffer());
}

describe('what a build adds', () => {
  let bench: BuildBench;
  const answers = new Map<string, () => Response>();
  const pulled: string[] = [];
  beforeEach(async () => {
    answers.clear();
    pulled.length = 0;
    bench = await createBuildBench({
      clock: systemClock,
      fetch: async (url) => {
        const answer = answers.get(url);
        if (!answer) throw new TypeError('Failed to fetch');
        return answer();
      },
      pull: async (name) => {
        pulled.push(name);
        await pullImage(
          bench.opened.images,
          await makeImage([await makeLayer({ 'etc/passwd': 'web:x:7:8::/:/x\n', tool: 't' })]),
          name,
        );
      },
    });
  });
  afterEach(() => bench.dispose());

  const build = async (dockerfile: string, files: Readonly<Record<string, Uint8Array<ArrayBuffer>>> = {}) => {
    const all = Object.entries({ ...files, Dockerfile: text(dockerfile) }).map(([path, bytes]) => ({ path, bytes }));
    const context: BuildContext = { kind: 'files', files: all };
    let last: BuildEvent | undefined;
    for await (const event of bench.builder.build(context)) last = event;
    return last;
  };

  it('is unpacked where it is an archive of the context, and only by ADD', async () => {
    const files = { 'a.tgz': await archive() };
    const tree = await readBuilt(
      bench.opened,
      await build('FROM scratch\nADD a.tgz /to/\nCOPY a.tgz /copied.tgz\n', files),
    );
    expect(Object.keys(tree)).toEqual(['copied.tgz', 'to', 'to/in', 'to/in/file']);
    expect(tree['to/in/file']).toEqual({ kind: 'file', mode: 0o600, uid: 4, gid: 5, text: 'x' });
    const kept = await readBuilt(bench.opened, await build('FROM scratch\nADD --unpack=false a.tgz /to/\n', files));
    expect(Object.keys(kept)).toEqual(['to', 'to/a.tgz']);
  });

  it('says which archives it cannot unpack', async () => {
    const xz = Uint8Array.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0, 1, 2]);
    expect(await build('FROM scratch\nADD a.txz /\n', { 'a.txz': xz })).toMatchObject({
      error: { code: 'Unimplemented', message: expect.stringContaining('compressed by xz') },
    });
  });

  it('is fetched from an address, checked, and named by it', async () => {
    answers.set(
      'https://x.example/d/f.txt?q',
      () => new Response('fetched', { headers: { 'last-modified': 'Tue, 01 Jul 2025 00:00:00 GMT' } }),
    );
    const digest = await digestOf(text('fetched'));
    const tree = await readBuilt(
      bench.opened,
      await build(
        `FROM scratch\nADD --checksum=${digest} https://x.example/d/f.txt?q /in/\nADD https://x.example/d/f.txt?q /as\n`,
      ),
    );
    expect(tree).toMatchObject({ as: { mode: 0o600, text: 'fetched' }, 'in/f.txt': { text: 'fetched' } });
    const wrong = await build(`FROM scratch\nADD --checksum=sha256:${'0'.repeat(64)} https://x.example/d/f.txt?q /\n`);
    expect(wrong).toMatchObject({ error: { message: `digest mismatch ${digest}: sha256:${'0'.repeat(64)}` } });
  });

  it('has a checksum only where one address is added', async () => {
    const sum = `sha256:${'0'.repeat(64)}`;
    const local = await build(`FROM scratch\nADD --checksum=${sum} a.txt /\n`, { 'a.txt': text('a') });
    expect(local).toMatchObject({ error: { message: "checksum can't be specified for non-HTTP(S) sources" } });
    const two = await build(`FROM scratch\nADD --checksum=${sum} https://x.example/a https://x.example/b /in/\n`);
    expect(two).toMatchObject({ error: { message: "checksum can't be specified for multiple sources" } });
  });

  it('says why an address cannot be fetched by a page', async () => {
    expect(await build('FROM scratch\nADD https://closed.example/f /\n')).toMatchObject({
      error: { code: 'Unavailable', message: expect.stringMatching(/closed\.example.*other origins.*\(CORS\)/) },
    });
    answers.set('https://x.example/f', () => new Response('', { status: 404 }));
    expect(await build('FROM scratch\nADD https://x.example/f /\n')).toMatchObject({
      error: { message: 'failed to load https://x.example/f: invalid response status 404' },
    });
  });

  it('comes from images, which are pulled when they are not here, and belongs to users of the stage', async () => {
    const dockerfile =
      'FROM base\nCOPY --from=tools --chown=web tool /a\nCOPY --chown=:web2 <<one <<two /h/\n1\none\n2\ntwo\n';
    expect(await build(dockerfile)).toMatchObject({
      error: { message: expect.stringContaining("can't find uid for user : no such user") },
    });
    const tree = await readBuilt(bench.opened, await build(dockerfile.replace(':web2', '3:4')));
    expect(tree).toMatchObject({
      a: { uid: 7, gid: 8, text: 't' },
      'h/one': { uid: 3, gid: 4, mode: 0o644, text: '1\n' },
      'h/two': { text: '2\n' },
    });
    expect(pulled).toEqual(['base', 'tools']);
    expect(await build('FROM base\nCOPY --chown=nobody tool /a\n', { tool: text('') })).toMatchObject({
      error: {
        message:
          "unable to convert uid/gid chown string to host mapping: can't find uid for user nobody: no such user: nobody",
      },
    });
  });

  it('replaces a directory of the image below by a file', async () => {
    const tree = await readBuilt(bench.opened, await build('FROM base\nCOPY <<etc /\nfile\netc\n'));
    expect(tree['etc']).toMatchObject({ kind: 'file', text: 'file\n' });
    expect(tree['etc/passwd']).toBeUndefined();
  });
});
