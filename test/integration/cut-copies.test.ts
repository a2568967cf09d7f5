import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { serializeTar } from '../../images/lib/tar';
import type { ContainerHost } from '../../src/api/container-host';
import type { Digest } from '../../src/api/content-store';
import type { Lab } from '../../src/engine/lab';
import {
  type ContainerLab,
  createContainerLab,
  execIn,
  hasHostPrograms,
  plainContainer,
} from '../support/container-lab';
import { hasFileSystemTools } from '../support/disk-templates';
import { shell } from '../support/node-lab';

const cutAt = 2 ** 21;
const copy = { noOverwriteDirNonDir: true };
const first = new Uint8Array(300_000).fill(65);
const file = (bytes: Uint8Array<ArrayBuffer>) => ({ kind: 'file', bytes, mode: 0o640, uid: 3, gid: 4 }) as const;
const archive = serializeTar(
  new Map([
    ['first', file(first)],
    ['large', file(new Uint8Array(2 * cutAt).fill(66))],
    ['there', file(new Uint8Array(2 * cutAt).fill(67))],
  ]),
);

/** Where the files of containers and volumes are on the host. */
const findDrafts = 'find /var/lib/strata -name ".strata-unpack*" -type f';

/** One that the overlay of its root has, and one of a volume. */
const places = ['/root', '/data'];

/** A hang guard: a cold guest on a busy machine takes its time. */
const guardMs = 300_000;

describe.skipIf(!hasHostPrograms || !hasFileSystemTools)(
  'a copy into a container that is cut short',
  {
    timeout: guardMs,
  },
  () => {
    let made: ContainerLab;
    let lab: Lab;
    let host: ContainerHost;
    let busybox: readonly Digest[];

    beforeAll(async () => {
      made = await createContainerLab();
      lab = made.lab;
      busybox = await made.loadImage('busybox');
      host = await made.hosts.open();
    }, guardMs);
    afterAll(() => made.dispose(), guardMs);

    const volume = { kind: 'volume', volume: 'kept', target: '/data', readOnly: false, seed: false } as const;

    const inHost = async (script: string): Promise<string> => {
      const { stdout, code } = await shell(lab.instance(host.instance), script);
      expect(code).toBe(0);
      return stdout;
    };

    /** As a crash does, and starts it again. */
    async function endMachine(): Promise<void> {
      await lab.kill(host.instance).finished;
      await lab.start(host.instance).finished;
      host = await made.currentHosts().open('host-1');
    }

    async function runKeeper(): Promise<void> {
      await host.run(plainContainer('keeper', busybox, ['sleep', '100000'], { mounts: [volume] }));
    }

    /** Copies to both places until so many bytes are on the host's disk, and then no further. */
    async function beginCopies(): Promise<void> {
      const fresh = 'cd / && rm -rf root/* data/* && echo old > root/there && echo old > data/there && sync';
      expect(await execIn(host, 'keeper', fresh)).toMatchObject({ code: 0 });
      // What has no name is seen by the file system alone.
      const used = "df -k /var/lib/strata | tail -1 | awk '{ print $3 }'";
      const before = Number(await inHost(used));
      for (const path of places) {
        const tar = new ReadableStream<Uint8Array>({ start: (made) => made.enqueue(archive.slice(0, cutAt)) });
        host.copyIn('keeper', path, tar, copy).catch(() => {});
      }
      const enough = before + Math.floor((places.length * (cutAt - 300_000)) / 1024);
      await inHost(`until [ $(${used}) -ge ${enough} ]; do sync; done`);
    }

    /** What is there, as a container sees it. */
    async function files(): Promise<readonly string[]> {
      const script = (path: string): string => `cd ${path} && stat -c '%n %s %u:%g %a' * && head -c 8 there`;
      return Promise.all(places.map(async (path) => (await execIn(host, 'keeper', script(path))).stdout));
    }

    const whole = `first ${first.length} 3:4 640\n`;
    const cut = places.map(() => `${whole}there 4 0:0 644\nold\n`);

    it('by the end of its machine leaves nothing once that has started again', async () => {
      await runKeeper();
      await beginCopies();
      // Of the same name as what is taken away, and nothing of ours: it is left alone, and in nobody's way.
      expect(await execIn(host, 'keeper', 'mkdir /.strata-unpack.mine')).toMatchObject({ code: 0 });
      await endMachine();
      expect(await inHost(findDrafts)).toBe('');
      await runKeeper();
      expect(await files()).toEqual(cut);
    });

    it('has whole files where it has any, however soon after it the machine ends', async () => {
      expect(await execIn(host, 'keeper', 'rm -rf /root/* /data/* && sync')).toMatchObject({ code: 0 });
      const fresh = serializeTar(new Map([['first', file(first)]]));
      for (const path of places) await host.copyIn('keeper', path, new Blob([fresh]).stream(), copy);
      // Which writes down what names there are, and no other file.
      await inHost('dd if=/dev/zero of=/var/lib/strata/other bs=1 count=1 conv=fsync 2> /dev/null');
      await endMachine();
      await runKeeper();
      const script = (path: string): string => `stat -c '%s' ${path}/first; tr -d A < ${path}/first | wc -c`;
      const found = await Promise.all(places.map(async (path) => (await execIn(host, 'keeper', script(path))).stdout));
      expect(found).toEqual(places.map(() => `${first.length}\n0\n`));
    });

    it('does not keep the next one from being whole, which takes the place of what is there', async () => {
      for (const path of places) {
        await host.copyIn('keeper', path, new Blob([archive]).stream(), copy);
      }
      const large = ['large', 'there'].map((name) => `${name} ${2 * cutAt} 3:4 640\n`).join('');
      expect(await files()).toEqual(places.map(() => `${whole}${large}CCCCCCCC`));
    });
  },
);
