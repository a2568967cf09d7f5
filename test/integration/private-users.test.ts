import { unpackTar } from 'modern-tar';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LabContainers } from '../../src/engine/containers/engine';
import { hasHostPrograms } from '../support/container-lab';
import { hasFileSystemTools } from '../support/disk-templates';
import { createEngineLab, type EngineLab } from '../support/engine-lab';
import { execContainer, runContainer, startContainer } from '../support/run-container';

/** A hang guard: a cold guest on a busy machine takes its time. */
const guardMs = 300_000;

/** Of every kind of change one; most of it has no contents of its own in the overlay's upper directory. */
const changing = `
set -e
echo more >> /etc/group
chown 5:6 /etc/passwd
rm /etc/shadow
echo new > /root/new
chown 7:8 /root/new
chmod 4750 /root/new
ln /root/new /root/linked
mv /etc/network /srv
echo moved > /srv/network/own
rm -r /var/spool
mkdir /var/spool
echo fresh > /var/spool/fresh
chown 9 /home
mv /etc/localtime /etc/clock
`;

/** What is asked of both: the container itself, and a plain one of what was made of it. */
const looking = `
cd /
for path in etc/group etc/passwd root/new root/linked srv/network srv/network/own srv/network/if-up.d var/spool var/spool/fresh home etc/clock bin/busybox; do
  stat -c '%n %u:%g %a %F' $path
done
for path in etc/group etc/passwd root/linked srv/network/own var/spool/fresh etc/clock; do md5sum $path; done
find srv var/spool etc root home | sort
`;

/** The files of busybox that the changes are made to, some in directories of their own. */
const seeding = `
set -e
echo hidden > /etc/shadow
echo zone > /etc/localtime
mkdir -p /etc/network/if-up.d /var/spool/old /srv
echo below > /etc/network/if-up.d/script
echo old > /var/spool/old/mail
chown -R 3:4 /etc/network/if-up.d
`;

describe.skipIf(!hasHostPrograms || !hasFileSystemTools)(
  'files of a container with users of its own',
  {
    timeout: guardMs,
  },
  () => {
    let made: EngineLab;
    let engine: LabContainers;
    let id: string;
    let inside: string;

    beforeAll(async () => {
      made = await createEngineLab();
      engine = made.engine;
      const seeded = await runContainer(engine, ['sh', '-c', seeding]);
      await engine.containers.commit(seeded.id, { reference: 'seeded' });
      id = await startContainer(engine, { Image: 'seeded', HostConfig: { UsernsMode: 'private' } });
      expect(await execContainer(engine, id, changing)).toEqual({ out: '', err: '', code: 0 });
      const seen = await execContainer(engine, id, looking);
      expect([seen.err, seen.code]).toEqual(['', 0]);
      expect(seen.out).toContain('etc/passwd 5:6');
      inside = seen.out;
    }, guardMs);
    afterAll(() => made.dispose(), guardMs);

    const committed = async (reference: string): Promise<void> => {
      await engine.containers.commit(id, { reference });
      const plain = await runContainer(engine, ['sh', '-c', looking], { Image: reference });
      expect(plain).toMatchObject({ out: inside, err: '', code: 0 });
    };

    it('are an image’s that others run with the same contents and owners, while it runs', () => committed('running'));

    it('are shown as changes, with what a directory that was moved has brought along', async () => {
      const changes = await engine.containers.changes(id);
      const shown = changes.map(({ kind, path }) => `${kind} ${path}`);
      expect(shown.sort()).toEqual(
        [
          'modified /etc',
          'added /etc/clock',
          'modified /etc/group',
          'deleted /etc/localtime',
          'deleted /etc/network',
          'modified /etc/passwd',
          'deleted /etc/shadow',
          'modified /home',
          'modified /root',
          'added /root/linked',
          'added /root/new',
          'modified /srv',
          'added /srv/network',
          'added /srv/network/if-up.d',
          'added /srv/network/if-up.d/script',
          'added /srv/network/own',
          'modified /var',
          'modified /var/spool',
          'added /var/spool/fresh',
          'deleted /var/spool/mail',
          'deleted /var/spool/old',
        ].sort(),
      );
    });

    it('are exported as they are inside', async () => {
      const tar = await new Response(await engine.containers.export(id)).arrayBuffer();
      const entries = new Map(
        (await unpackTar(new Uint8Array(tar))).map(({ header, data }) => [
          header.name.replace(/^\.\//, ''),
          [header.uid, header.gid, header.type === 'file' ? new TextDecoder().decode(data) : header.type] as const,
        ]),
      );
      expect(entries.get('etc/passwd')).toEqual([5, 6, expect.stringContaining('root:')]);
      expect(entries.get('srv/network/if-up.d/script')).toEqual([3, 4, 'below\n']);
      expect(entries.get('srv/network/own')).toEqual([0, 0, 'moved\n']);
      expect(entries.get('etc/clock')).toEqual([0, 0, 'zone\n']);
      expect(entries.get('home/')).toEqual([9, 0, 'directory']);
      expect(
        ['etc/network/', 'etc/localtime', 'etc/shadow', 'var/spool/old/'].filter((name) => entries.has(name)),
      ).toEqual([]);
    });

    it('are an image’s too once it has ended', async () => {
      await engine.containers.kill(id);
      await engine.containers.wait(id, 'not-running').then(({ ended }) => ended);
      await committed('ended');
    });

    it('go on in another container with users of its own', async () => {
      const again = await runContainer(engine, ['sh', '-c', looking], {
        Image: 'ended',
        HostConfig: { UsernsMode: 'private' },
      });
      expect(again).toMatchObject({ out: inside, err: '', code: 0 });
    });
  },
);
