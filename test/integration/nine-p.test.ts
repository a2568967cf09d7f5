import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { FileTree } from '../../src/api/file-tree';
import type { MachineConfig } from '../../src/api/machine';
import { systemClock } from '../../src/base/clock';
import { parseFileName } from '../../src/formats/file-name';
import { Union } from '../../src/formats/layer/union';
import { FolderPortClient } from '../../src/rpc/folder-port';
import { createConformanceLayer, testLayerFiles } from '../../src/runtime/files/layer-files.conformance';
import { buildLayer, directory, file, layerSource } from '../../src/runtime/files/layer-fixture';
import { LayerStackTree } from '../../src/runtime/files/layer-stack-tree';
import { LayerTree } from '../../src/runtime/files/layer-tree';
import { MemoryTree } from '../../src/runtime/files/memory-tree-fixture';
import { NineClient } from '../../src/runtime/files/nine-p-client-fixture';
import { NineServer } from '../../src/runtime/files/nine-p-server';
import { FolderStore } from '../../src/storage/folders/folder-store';
import { MemoryFolderBackend } from '../../src/storage/folders/memory-folder-backend';
import { canBuildFileCalls, putFileCalls } from '../support/file-calls';
import { guestFiles } from '../support/guest-files';
import { type LabMachine, startLabMachine } from '../support/machine-lab';
import { createNodeLab, type NodeLab } from '../support/node-lab';

const config: MachineConfig = { memoryMiB: 64, devices: 'virtio', containerHost: false, shares: 4 };
const mount = (tag: string, at: string, more = '') =>
  `mkdir -p ${at} && mount -t 9p -o trans=virtio,version=9p2000.L,msize=524288,cache=loose,ro${more} ${tag} ${at}`;

const conformance = createConformanceLayer();
const layer = (): FileTree => new LayerTree(layerSource(conformance));

/** Three layers with every way to hide, replace and describe what is below. */
const shared = file('lower', { key: 'shared' });
const layers = [
  buildLayer({
    kept: file('lower', { uid: 1000, gid: 50, mode: 0o640 }),
    replaced: file('lower'),
    gone: file('lower'),
    both: { kept: file('lower'), gone: file('lower'), deeper: { gone: file('lower'), kept: file('lower') } },
    hidden: { a: file('lower'), b: file('lower') },
    'gone-directory': { a: file('lower') },
    'back-again': { a: file('lower') },
    'now-a-file': { a: file('lower') },
    'now-a-directory': file('lower'),
    'now-a-link': file('lower'),
    described: directory({ below: directory({ a: file('lower') }, { mode: 0o711, uid: 7 }) }, { mode: 0o2750, gid: 9 }),
    links: { one: shared, two: shared },
    [parseFileName(Uint8Array.of(0x6e, 0xff, 0x2e))]: file('no UTF-8'),
  }),
  buildLayer({
    replaced: file('middle', { mode: 0o600 }),
    gone: { kind: 'whiteout' },
    both: { gone: { kind: 'whiteout' }, new: file('middle'), deeper: { gone: { kind: 'whiteout' } } },
    hidden: directory({ c: file('middle') }, { opaque: true }),
    'gone-directory': { kind: 'whiteout' },
    'back-again': { kind: 'whiteout' },
    'never-was': { kind: 'whiteout' },
    'now-a-file': file('middle'),
    'now-a-directory': directory({ a: file('middle') }),
    'now-a-link': { kind: 'symlink', target: 'kept', mode: 0o777 },
    // The tar has an entry for none of the two.
    described: directory({ below: directory({ b: file('middle') }, { implied: true }) }, { implied: true }),
    links: { three: { kind: 'whiteout' } },
  }),
  buildLayer({
    both: directory({ deeper: { top: file('top') } }, { implied: true, opaque: true }),
    'back-again': directory({ b: file('top') }, { mode: 0o700 }),
    hidden: directory({ d: file('top'), c: { kind: 'whiteout' } }, { mode: 0o750 }),
    described: directory({ below: directory({ a: { kind: 'whiteout' } }, { implied: true }) }, { implied: true }),
    sparse: file(new Uint8Array(0), {
      parts: [
        { start: 5, size: 3, offset: 512 },
        { start: 300_000, size: 2, offset: 513 },
      ],
      sparseSize: 400_000,
    }),
  }),
];

/** Each file of the page's union: path, mode, owner, and what it holds. */
function pageUnion(): readonly string[] {
  const entries = [...new Union(layers.map(({ index }) => index)).walk()];
  return entries.map(({ path, node }) => {
    const type = { directory: 'd', file: 'f', symlink: 'l' }[node.kind as 'directory' | 'file' | 'symlink'];
    const size = node.kind === 'directory' ? '' : node.kind === 'symlink' ? node.target : node.size;
    return `${path} ${type} ${node.mode.toString(8)} ${node.uid}:${node.gid} ${size}`;
  });
}

let lab: NodeLab;
let vm: LabMachine;
const memory = new MemoryTree();
const backend = new MemoryFolderBackend();
const store = new FolderStore(backend, systemClock);
/** A way into the shared folder of its own. */
const openFolder = async (id: string) =>
  new FolderPortClient({ port: await store.open('work', { session: 'lab', id }) });
/** Files that can be changed: in the thread of the machine, and in a folder of the store. */
const changeable = {
  memory: { files: async () => memory.files, syncs: () => memory.syncs, open: async () => memory },
  folder: {
    files: async () => (await backend.load('work')).nodes.size,
    syncs: () => backend.lastingWrites,
    open: () => openFolder('another'),
  },
} as const;
beforeAll(async () => {
  await store.create('work');
  lab = await createNodeLab();
  const stack = new LayerStackTree(layers.map(layerSource));
  vm = await startLabMachine(lab.images, {
    config,
    mac: [2, 0, 0, 0, 0, 1],
    start: 'restored',
    shares: [
      { tag: 'layer', tree: Promise.resolve(layer()) },
      { tag: 'stack', tree: Promise.resolve(stack) },
      { tag: 'memory', tree: Promise.resolve(memory) },
      { tag: 'folder', tree: openFolder('machine') },
    ],
  });
});
afterAll(async () => {
  await vm?.dispose();
  await lab.dispose();
});

describe('a layer that a guest has mounted over 9P', () => {
  beforeAll(async () => {
    expect(await vm.shell(mount('layer', '/tmp/layer'))).toMatchObject({ code: 0, stderr: '' });
  });
  testLayerFiles(() => guestFiles((command) => vm.shell(command), '/tmp/layer'));

  it('is asked twice for each file that is listed for the first time, and not for any that is listed again', async () => {
    const serve = vi.spyOn(NineServer.prototype, 'serve');
    const asked = async (command: string): Promise<number> => {
      serve.mockClear();
      expect(await vm.shell(command)).toMatchObject({ code: 0 });
      return serve.mock.calls.length;
    };
    try {
      const list = 'cd /tmp/layer/many && ls -l file-1?? > /dev/null';
      await vm.shell('echo 3 > /proc/sys/vm/drop_caches');
      // Beside the hundred files there is the directory: walked to, opened, read in a few pieces, let go.
      const few = 40;
      const first = await asked(list);
      expect(first).toBeGreaterThanOrEqual(200);
      expect(first).toBeLessThan(200 + few);
      expect(await asked(list)).toBeLessThan(few);
    } finally {
      serve.mockRestore();
    }
  });

  it('runs programs from it, and reads the same when nothing is cached any more', async () => {
    const before = await vm.shell('md5sum /tmp/layer/large.bin');
    await vm.shell('echo 3 > /proc/sys/vm/drop_caches');
    expect((await vm.shell('md5sum /tmp/layer/large.bin')).stdout).toBe(before.stdout);
  });
});

describe('layers that a guest’s overlayfs joins', () => {
  beforeAll(async () => {
    expect(await vm.shell(mount('stack', '/tmp/stack'))).toMatchObject({ code: 0 });
    const join =
      'mkdir /tmp/union && mount -t overlay union -o lowerdir=/tmp/stack/2:/tmp/stack/1:/tmp/stack/0 /tmp/union';
    expect(await vm.shell(join)).toMatchObject({ code: 0, stderr: '' });
  });

  it('are the tree that the page’s union shows: paths, kinds, modes, owners, sizes, targets', async () => {
    const script =
      'cd /tmp/union; find . -mindepth 1 | sed "s|^./||" | while read -r f; do [ -L "$f" ] && t=l s=$(readlink "$f") || { [ -d "$f" ] && t=d s= || { t=f; s=$(stat -c %s "$f"); }; }; ' +
      'echo "$f $t $(stat -c "%a %u:%g" "$f") $s"; done';
    const listed = Buffer.from((await vm.shell(`(${script}) | base64`)).stdout, 'base64');
    const found = parseFileName(listed).split('\n').slice(0, -1);
    expect(found.sort()).toEqual([...pageUnion()].sort());
    expect(found.length).toBeGreaterThan(20);
  });

  it('hold what the topmost layer of each file has', async () => {
    const content = (path: string) => vm.shell(`cat /tmp/union/${path}`).then(({ stdout }) => stdout);
    expect(await content('kept')).toBe('lower');
    expect(await content('replaced')).toBe('middle');
    expect(await content('both/deeper/top')).toBe('top');
    expect(await content('now-a-link')).toBe('lower');
    expect((await vm.shell('stat -c %i /tmp/union/links/one /tmp/union/links/two | uniq | wc -l')).stdout.trim()).toBe(
      '1',
    );
  });

  it('can be written to through an upper directory, and stay as they are', async () => {
    await vm.shell(
      'mkdir -p /tmp/up /tmp/root && mount -t tmpfs up /tmp/up && mkdir /tmp/up/dir /tmp/up/work && mount -t overlay root ' +
        '-o lowerdir=/tmp/stack/1:/tmp/stack/0,upperdir=/tmp/up/dir,workdir=/tmp/up/work /tmp/root',
    );
    await vm.shell('cd /tmp/root && echo changed > kept && rm -r both && mkdir both && echo new > both/x');
    expect((await vm.shell('cd /tmp/root && cat kept && ls both')).stdout).toBe('changed\nx\n');
    expect((await vm.shell('cat /tmp/stack/0/kept && ls /tmp/stack/0/both')).stdout).toBe('lowerdeeper\ngone\nkept\n');
  });
});

describe.each(['memory', 'folder'] as const)('files that a guest changes over 9P: %s', (tag) => {
  const at = `/tmp/${tag}`;
  const { files, syncs, open } = changeable[tag];
  const run = async (command: string): Promise<string> => {
    const { code, stdout, stderr } = await vm.shell(`cd ${at} && ${command}`);
    expect({ code, stderr }, command).toEqual({ code: 0, stderr: '' });
    return stdout;
  };
  const mountFolder = async () => NineClient.mount(new NineServer({ tree: await open(), maxMessageBytes: 65_536 }));
  beforeAll(async () => {
    const mounted = await vm.shell(
      `mkdir ${at} && mount -t 9p -o trans=virtio,version=9p2000.L,msize=524288 ${tag} ${at}`,
    );
    expect(mounted).toMatchObject({ code: 0, stderr: '' });
  });

  it('are made, written, appended to, cut and made durable', async () => {
    await run('echo one > file; echo two >> file; dd if=/bin/busybox of=copy bs=64k conv=fsync 2>/dev/null');
    expect(syncs()).toBeGreaterThan(0);
    expect(await run('cat file; cmp copy /bin/busybox && echo same')).toBe('one\ntwo\nsame\n');
    expect(await run('truncate -s 3 file; cat file; truncate -s 5 file; stat -c %s file')).toBe('one5\n');
  });

  it('have the owners, modes and times that they are given', async () => {
    await run('touch owned; chown 12:34 owned; chmod 4750 owned; touch -d "2001-02-03 04:05:06" owned');
    expect(await run('stat -c "%a %u:%g %y" owned')).toContain('4750 12:34 2001-02-03 04:05:06');
    expect(await run('umask 077; mkdir private; stat -c %a private')).toBe('700\n');
  });

  it('are linked, renamed over each other and removed', async () => {
    await run('mkdir d; echo a > d/a; echo b > d/b; ln d/a d/hard; ln -s a d/sym; mkfifo d/pipe; mknod d/null c 1 3');
    expect(await run('stat -c "%h %F" d/hard d/pipe d/null; readlink d/sym; cat d/sym')).toBe(
      '2 regular file\n1 fifo\n1 character special file\na\na\n',
    );
    expect(await run('mv d/b d/a; cat d/a d/hard; ls d')).toBe('b\na\na\nhard\nnull\npipe\nsym\n');
    expect((await vm.shell(`rmdir ${at}/d`)).stderr).toContain('Directory not empty');
    await run('rm -r d; test ! -e d');
  });

  it('stay readable to who has them open when their name has gone', async () => {
    const before = await files();
    expect(await run('echo kept > gone; exec 3< gone; rm gone; cat <&3; exec 3<&-; test ! -e gone && echo gone')).toBe(
      'kept\ngone\n',
    );
    expect(await files()).toBe(before);
  });

  it('are all listed, however many, and while others are removed', async () => {
    await run('mkdir many; i=0; while [ $i -lt 100 ]; do : > many/$i; i=$((i + 1)); done');
    expect((await run('ls many | wc -l')).trim()).toBe('100');
    await run('rm -r many');
  });

  it.skipIf(!canBuildFileCalls)('are locked against other clients, byte by byte', async () => {
    const { client, root } = await mountFolder();
    await run(`touch lock; ${putFileCalls()}`);
    const fid = await client.walk(root, 'lock');
    const range = { fid, start: 10, length: 10, process: 7, client: 'another' };
    await client.ask('lock', { type: 'lock', ...range, lock: 1, flags: 0 });
    const [granted, again] = ['0', '-11'];
    const [write, none] = ['1', '2'];
    const lock = async (start: number, length: number) =>
      (await run(`/tmp/file-calls lock lock ${start} ${length}`)).trim().split('\n');
    expect(await lock(0, 10)).toEqual([granted, granted, none, '0', '10']);
    expect(await lock(15, 100)).toEqual([again, granted, write, '10', '10']);
    await client.ask('lock', { type: 'lock', ...range, lock: 2, flags: 0 });
    expect((await lock(15, 100))[0]).toBe(granted);
    // What the program did not unlock its kernel has, when it ended.
    const free = await client.ask('getlock', { type: 'getlock', ...range, lock: 1, start: 0, length: 0 });
    expect(free.lock).toBe(2);
  });

  it.skipIf(!canBuildFileCalls)('have extended attributes, as layers have them', async () => {
    await run('touch noted; /tmp/file-calls set noted user.note hello');
    expect(await run('/tmp/file-calls attribute noted user.note; /tmp/file-calls attribute noted user.none')).toBe(
      '5\nhello-61\n',
    );
    expect(await run('/tmp/file-calls attribute /tmp/layer/white/opaque trusted.overlay.opaque')).toBe('1\ny');
  });

  it('are what another client of the same files sees at once', async () => {
    const { client, root } = await mountFolder();
    await run('echo from the guest > mail');
    const fid = await client.walk(root, 'mail');
    await client.ask('lopen', { type: 'lopen', fid, flags: 2 });
    expect(new TextDecoder().decode(await client.readAll(fid))).toBe('from the guest\n');
    await client.ask('write', { type: 'write', fid, offset: 0, data: new TextEncoder().encode('to') });
    expect(await run('cat mail')).toBe('toom the guest\n');
  });
});

describe('a machine with mounted shares that is saved', () => {
  it('goes on with its mounts and open files', async () => {
    await vm.shell(
      '(exec 3< /tmp/layer/large.bin; head -c 1000 <&3 >/dev/null; echo ready > /tmp/ready; while [ ! -e /tmp/go ]; do sleep 0.1; done; md5sum <&3 > /tmp/sum) >/dev/null 2>&1 & while [ ! -e /tmp/ready ]; do sleep 0.1; done',
    );
    const expected = (await vm.shell('tail -c +1001 /tmp/layer/large.bin | md5sum')).stdout;
    await vm.shell('echo 3 > /proc/sys/vm/drop_caches');
    await vm.machine.pause();
    await Promise.all(vm.machine.shares.map((share) => share.drain()));
    const state = await vm.machine.save();
    const again = await startLabMachine(lab.images, {
      config,
      mac: [2, 0, 0, 0, 0, 1],
      start: state,
      shares: [
        { tag: 'layer', tree: Promise.resolve(layer()) },
        { tag: 'stack', tree: Promise.resolve(new LayerStackTree(layers.map(layerSource))) },
        { tag: 'memory', tree: Promise.resolve(memory) },
        { tag: 'folder', tree: openFolder('machine') },
      ],
    });
    try {
      await again.shell('touch /tmp/go; while [ ! -s /tmp/sum ]; do sleep 0.1; done');
      expect((await again.shell('cat /tmp/sum')).stdout).toBe(expected);
      expect((await again.shell('cat /tmp/layer/etc/motd; cat /tmp/root/kept')).stdout).toBe('hello\nchanged\n');
    } finally {
      await again.dispose();
      await vm.machine.run();
    }
  });
});
