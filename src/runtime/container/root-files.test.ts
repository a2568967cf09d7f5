import { describe, expect, it } from 'vitest';
import { holdProcess } from './process-fixture';
import { type FilesPlace, RootFiles, withoutHolders } from './root-files';

describe('directories in which mount points were made', () => {
  const etc = { path: '/etc', kind: 'modified' } as const;
  const ssl = { path: '/etc/ssl', kind: 'modified' } as const;
  const mountPoints = ['/etc/hosts', '/etc/ssl/cert.pem', '/data'];

  it('are no changes, unless something else in them is', () => {
    expect(withoutHolders([etc, ssl], mountPoints, [])).toEqual([]);
    const own = [etc, { path: '/etc/motd', kind: 'added' }, ssl, { path: '/tmp', kind: 'modified' }] as const;
    expect(withoutHolders(own, mountPoints, [])).toEqual(own.filter((each) => each !== ssl));
    expect(withoutHolders([{ path: '/etc', kind: 'added' }], mountPoints, [])).toHaveLength(1);
    expect(withoutHolders([etc], ['/etcetera/x'], [])).toEqual([etc]);
  });

  it('are changes when they are altered themselves', () => {
    expect(withoutHolders([etc, ssl], mountPoints, ['/etc'])).toEqual([etc]);
    expect(withoutHolders([etc, ssl], mountPoints, ['/etc/ssl'])).toEqual([etc, ssl]);
  });

  it('are asked about only where there are any, and shown when the host says that their mode or owner is another', async () => {
    const answers = ['C /etc\0C /root\0', '/etc\0', 'A /srv/new\0'];
    const asked: (readonly string[])[] = [];
    const files = new RootFiles({
      async exec({ argv }) {
        asked.push(argv);
        const held = holdProcess();
        held.say(answers[asked.length - 1] ?? '');
        held.end(0);
        return { ...held.process, id: String(asked.length) };
      },
    });
    const paths = { home: '/h', writes: '/h', upper: '/h/upper', work: '/h/work', bundle: '/b', root: '/b/root' };
    const place: FilesPlace = { paths, layers: ['1'], pid: undefined, firstId: undefined };
    expect(await files.changes(place, mountPoints)).toEqual([etc, { path: '/root', kind: 'modified' }]);
    expect(asked[1]?.slice(-3)).toEqual(['/h/upper', '/layers/1', '/etc']);
    expect(await files.changes(place, mountPoints)).toEqual([{ path: '/srv/new', kind: 'added' }]);
    expect(asked).toHaveLength(3);
  });
});
