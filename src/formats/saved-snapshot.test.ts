import { describe, expect, it } from 'vitest';
import { parseSavedSnapshot, type SavedSnapshot, serializeSavedSnapshot } from './saved-snapshot';

const saved: SavedSnapshot = {
  name: 'Before the upgrade',
  notes: 'two\nlines',
  createdAt: 1_700_000_000_000,
  spec: {
    kind: 'vm',
    name: 'web',
    memoryMiB: 64,
    devices: 'virtio',
    containerHost: false,
    nics: [{ network: 'default' }, { network: 'back', address: '10.2.0.7' }],
    disks: [{ sizeMiB: 4 }],
  },
  config: {
    formatVersion: 1,
    v86: '0.5.462',
    machine: { memoryMiB: 64, devices: 'virtio', containerHost: false, nics: 2, disks: 1 },
    kernel: `sha256:${'ab'.repeat(32)}`,
    agentProtocol: 1,
    console: '',
  },
};

const change = (changes: Record<string, unknown>) =>
  new TextEncoder().encode(JSON.stringify({ formatVersion: 1, ...saved, ...changes }));
const inSpec = (changes: Record<string, unknown>) => change({ spec: { ...saved.spec, ...changes } });

describe('a saved snapshot’s document', () => {
  it('is read as it was written, without what belongs to one lab', () => {
    expect(parseSavedSnapshot(serializeSavedSnapshot(saved))).toEqual(saved);
    const record = { ...saved, id: 'x', instance: 'y', layers: [], size: 1, automatic: true };
    expect(parseSavedSnapshot(serializeSavedSnapshot(record))).toEqual(saved);
    const { nics: _, disks: __, ...bare } = saved.spec;
    expect(parseSavedSnapshot(serializeSavedSnapshot({ ...saved, spec: bare })).spec).toEqual({
      ...bare,
      nics: [],
      disks: [],
    });
  });

  it('of another version is told apart', () => {
    expect(() => parseSavedSnapshot(change({ formatVersion: 2 }))).toThrowError(
      expect.objectContaining({ code: 'FailedPrecondition', details: { version: 2 } }),
    );
  });

  it.each([
    ['no document', new TextEncoder().encode('[]')],
    ['a name that is none', change({ name: 1 })],
    ['a name without end', change({ name: 'x'.repeat(121) })],
    ['notes without end', change({ notes: 'x'.repeat(4001) })],
    ['a time that is none', change({ createdAt: 'now' })],
    ['another kind', inSpec({ kind: 'toaster' })],
    ['other devices', inSpec({ devices: 'none' })],
    ['no word on the container host', inSpec({ containerHost: undefined })],
    ['memory that is no number', inSpec({ memoryMiB: -1 })],
    ['too many disks', inSpec({ disks: Array(5).fill({ sizeMiB: 1 }) })],
    ['a disk without a size', inSpec({ disks: [{}] })],
    ['a NIC without a network', inSpec({ nics: [{ address: '1.2.3.4' }] })],
    ['a NIC with half an address', inSpec({ nics: [{ network: 'a', address: 4 }] })],
    ['no config', change({ config: undefined })],
  ])('with %s is refused', (_, bytes) => {
    expect(() => parseSavedSnapshot(bytes)).toThrowError(expect.objectContaining({ code: 'InvalidArgument' }));
  });
});
