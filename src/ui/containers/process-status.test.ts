import { expect, it } from 'vitest';
import { parseNamespaces, parseRights } from './process-status';

it('reads what a process may out of its status', () => {
  const status =
    'Name:\tsh\nCapPrm:\t00000000a80425fb\nCapEff:\t0000000000000401\nCapBnd:\t000001ffffffffff\nNoNewPrivs:\t1\nSeccomp:\t2\n';
  const rights = parseRights(status);
  expect(rights).toMatchObject({
    effective: ['CAP_CHOWN', 'CAP_NET_BIND_SERVICE'],
    seccomp: 'filter',
    noNewPrivileges: true,
  });
  expect(rights?.bounding).toHaveLength(41);
  expect(parseRights('Name:\tsh\n')).toBeUndefined();
});

it.each([
  "lrwxrwxrwx 1 root root 0 Jan 1 00:00 net -> 'net:[4026532201]'",
  'lrwxrwxrwx    1 root     root             0 Jan  1 00:00 net -> net:[4026532201]',
])('reads namespaces out of %s', (line) => {
  expect(parseNamespaces(`total 0\n${line}\n`)).toEqual([{ kind: 'net', inode: '4026532201' }]);
});
