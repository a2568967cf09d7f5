import { describe, expect, it } from 'vitest';
import { createTestStorage, openTestLab } from './lab-fixture';

const vm = { kind: 'vm', memoryMiB: 64, devices: 'virtio', containerHost: false } as const;
const stored = { id: 'x', spec: { ...vm, name: 'x' }, createdAt: 0, disks: [] };

describe('a record that a lab cannot read', () => {
  it.each([
    ['instances', 'x', { ...stored, spec: { kind: 'zzz', name: 'x', image: 'x', disks: [] } }],
    ['instances', 'x', { ...stored, spec: null }],
    ['instances', 'x', { ...stored, disks: 5 }],
    ['instances', 'x', { ...stored, spec: { ...vm, name: 'x', disks: 5 } }],
    ['snapshots', 'x', { ...stored, name: 'x', instance: 'x', config: {}, layers: [], disks: [null] }],
    ['disks', 'template/x', { kind: 'template', id: 'x' }],
    ['disks', 'other/x', { kind: 'other', id: 'x' }],
    ['networks', 'x', 'text'],
  ] as const)('is told and left as it is, and the rest is there: %s/%s %j', async (collection, key, value) => {
    const storage = await createTestStorage();
    const before = await openTestLab(storage);
    const { id } = await before.lab.create({ ...vm, name: 'web', disks: [{ sizeMiB: 1 }] });
    // Of a record that may be readable to another version.
    await storage.disks.create({ sizeMiB: 1 });
    before.lab.dispose();
    await storage.records.apply([{ collection, key, value }]);
    const { lab, unreadable } = await openTestLab(storage);
    expect(unreadable).toEqual([`${collection}/${key}`]);
    expect(lab.list().map((each) => each.id)).toEqual([id]);
    expect(await storage.records.list(collection)).toContainEqual({ key, value });
    expect(await storage.disks.list()).toHaveLength(2);
  });

  it('does not keep the lab from opening when it is of a container', async () => {
    const storage = await createTestStorage();
    await storage.records.apply([
      { collection: 'containers', key: 'x', value: { id: 'x', name: 'x', createdAt: 0, image: null } },
    ]);
    const { lab } = await openTestLab(storage);
    expect(lab.list()).toEqual([]);
  });
});
