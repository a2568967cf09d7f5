import { describe, expect, it } from 'vitest';
import { resolveUser } from './container-user';

const database = {
  passwd:
    '# users\nroot:x:0:0:root:/root:/bin/sh\nwww:x:33:33::/var/www:/bin/false\n\nada:x:1000:1000::/home/ada:/bin/sh\n',
  group: 'root:x:0:\nwww:x:33:ada\naudio:x:29:ada,www\nwheel:x:10:root\n',
};

describe('who a container runs as', () => {
  it.each([
    ['', 0, 0, [0, 10], '/root'],
    ['root', 0, 0, [0, 10], '/root'],
    ['ada', 1000, 1000, [1000, 33, 29], '/home/ada'],
    ['1000', 1000, 1000, [1000, 33, 29], '/home/ada'],
    ['ada:audio', 1000, 29, [29], '/home/ada'],
    ['33:7', 33, 7, [7], '/var/www'],
    ['4711', 4711, 0, [0], '/'],
  ])('"%s" is %i:%i', (text, uid, gid, additionalGids, home) => {
    expect(resolveUser(text, database, [])).toEqual({ user: { uid, gid, additionalGids }, home });
  });

  it('has the groups that are added, by names and numbers, each once', () => {
    expect(resolveUser('ada', database, ['wheel', '7', 'audio']).user.additionalGids).toEqual([1000, 33, 29, 10, 7]);
  });

  it('is refused when nobody is called so', () => {
    expect(() => resolveUser('bob', database, [])).toThrow(
      'unable to find user bob: no matching entries in passwd file',
    );
    expect(() => resolveUser('ada:x', database, [])).toThrow(
      'Unable to find group x: no matching entries in group file',
    );
    expect(() => resolveUser('99999999999', database, [])).toThrow('unable to find user');
  });

  it('is root where the image has no users', () => {
    expect(resolveUser('', { passwd: '', group: '' }, []).user).toEqual({ uid: 0, gid: 0, additionalGids: [0] });
  });
});
