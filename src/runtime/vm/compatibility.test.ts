import { describe, expect, it } from 'vitest';
import type { SnapshotConfig } from '../../api/machine';
import { type Present, snapshotMismatches } from './compatibility';
import { v86Version } from './v86-internals';

const kernel = `sha256:${'a'.repeat(64)}` as const;
const other = `sha256:${'b'.repeat(64)}` as const;
const machine = { memoryMiB: 64, devices: 'virtio', containerHost: false } as const;
const snapshot: SnapshotConfig = { formatVersion: 1, v86: v86Version, machine, kernel, agentProtocol: 1, console: '' };
const present: Present = { machine, kernel, agentProtocol: 1 };

describe('a snapshot', () => {
  it('fits the machine it was made for', () => {
    expect(snapshotMismatches(snapshot, present)).toEqual([]);
  });

  it.each<[string, Partial<SnapshotConfig>, RegExp]>([
    ['another emulator', { v86: '0.5.1' }, /emulator version 0\.5\.1, here is/],
    ['another kernel', { kernel: other }, /kernel sha256:b+, here is sha256:a+/],
    ['another size', { machine: { ...machine, memoryMiB: 128 } }, /memory in MiB 128, here is 64/],
    ['other devices', { machine: { ...machine, devices: 'emulated' } }, /devices emulated, here is virtio/],
    ['another flavor', { machine: { ...machine, containerHost: true } }, /container host true, here is false/],
    ['more NICs', { machine: { ...machine, nics: 2 } }, /number of NICs 2, here is 1/],
    ['a disk', { machine: { ...machine, disks: 1 } }, /number of disks 1, here is 0/],
    [
      'an emulated disk',
      { machine: { ...machine, drives: [{ kind: 'disk', sizeBytes: 512 }] } },
      /emulated disks .*512.*, here is none/,
    ],
    ['an initrd', { initrd: other }, /initrd sha256:b+, here is none/],
    ['another agent', { agentProtocol: 2 }, /agent protocol 2, here is 1/],
  ])('is refused with %s, in plain words', (_what, change, words) => {
    const reasons = snapshotMismatches({ ...snapshot, ...change }, present);
    expect(reasons).toHaveLength(1);
    expect(reasons[0]).toMatch(words);
  });
});
