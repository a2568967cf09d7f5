import { describe, expect, it } from 'vitest';
import { parseKernel } from './parse-kernel';

/** As docs/RUNTIME.md shows it. */
const answer = {
  pid: 412,
  launcher: 411,
  namespaces: [{ kind: 'pid', inside: 4026532201, host: 4026531836 }],
  user: {
    uid: [0, 0, 0, 0],
    gid: [0, 0, 0, 0],
    groups: [0],
    uidMap: [{ inside: 0, outside: 0, size: 4294967295 }],
    gidMap: [],
  },
  capabilities: { effective: ['CAP_CHOWN'], permitted: [], inheritable: [], bounding: [], ambient: [] },
  noNewPrivileges: false,
  seccomp: { mode: 'filter', filters: 1 },
  cgroup: { path: '/strata/web', files: { 'memory.max': '67108864', 'pids.max': 'max' } },
  mounts: [{ source: 'overlay', target: '/', type: 'overlay', options: 'rw' }],
  interfaces: [{ name: 'eth0', host: 'veth1a2b', bridge: 'br0' }],
};

describe("what a container's kernel says", () => {
  it('is what the runtime has answered, as far as anybody asks for it', () => {
    const { launcher: _, user, ...rest } = answer;
    const { uid, gid, uidMap } = user;
    expect(parseKernel(answer)).toEqual({ ...rest, user: { uid, gid, uidMap } });
    const [nic] = answer.interfaces;
    const alone = { ...answer, interfaces: [{ name: nic?.name, host: nic?.host }] };
    expect(parseKernel(alone).interfaces).toEqual([{ name: 'eth0', host: 'veth1a2b' }]);
  });

  it.each([
    ['no object', 'no'],
    ['a pid that is no number', { ...answer, pid: '1' }],
    ['a mode that there is not', { ...answer, seccomp: { mode: 'off', filters: 0 } }],
    ['a capability that is no word', { ...answer, capabilities: { ...answer.capabilities, ambient: [1] } }],
    ['a file of the cgroup that is no text', { ...answer, cgroup: { path: '/', files: { 'pids.max': 1 } } }],
    ['no mounts', { ...answer, mounts: undefined }],
  ])('is refused with %s', (_, wrong) => {
    expect(() => parseKernel(wrong)).toThrow("The container runtime's answer has no proper");
  });
});
