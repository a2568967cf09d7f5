import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mediumSizeMiB } from './disk-medium';
import { parseVmProfile, serializeVmProfile, type VmProfile } from './vm-profile';

const digest = `sha256:${'ab'.repeat(32)}` as const;

const example: VmProfile = {
  name: 'installer',
  memoryMiB: 128,
  devices: 'emulated',
  firmware: { boot: ['cdrom', 'disk'] },
  disks: [
    { drive: 'cdrom', sizeMiB: 2, source: { name: 'netinst.iso', digest, sizeBytes: 1_100_000 } },
    { drive: 'disk', sizeMiB: 1024 },
  ],
  nics: [{ network: 'default' }, { network: 'lab', address: '10.1.0.5' }],
};

const parse = (text: string): VmProfile => parseVmProfile(new TextEncoder().encode(text));
const changed = (change: (document: Record<string, unknown>) => void): string => {
  const document = JSON.parse(serializeVmProfile(example)) as Record<string, unknown>;
  change(document);
  return JSON.stringify(document);
};

describe('the profile of a machine', () => {
  it('is read as it was written', () => {
    expect(parse(serializeVmProfile(example))).toEqual(example);
  });

  it('is read as it was written, whatever it describes', () => {
    const drives = fc.constantFrom('floppy', 'disk', 'cdrom' as const);
    const source = fc.record({
      name: fc.string({ minLength: 1, maxLength: 40 }),
      digest: fc.constant(digest),
      sizeBytes: fc.integer({ min: 1, max: 2 ** 40 }),
    });
    const disk = fc.oneof(
      fc
        .tuple(drives, source)
        .map(([drive, from]) => ({ drive, sizeMiB: mediumSizeMiB(drive, from.sizeBytes), source: from })),
      fc.integer({ min: 1, max: 65_536 }).map((sizeMiB) => ({ drive: 'disk' as const, sizeMiB })),
    );
    const profile: fc.Arbitrary<VmProfile> = fc.record({
      name: fc.string({ minLength: 1, maxLength: 63 }),
      memoryMiB: fc.integer({ min: 32, max: 1024 }),
      devices: fc.constantFrom('virtio', 'emulated'),
      firmware: fc.record({ boot: fc.uniqueArray(drives, { minLength: 1 }) }),
      disks: fc.array(disk, { maxLength: 4 }),
      nics: fc.array(fc.record({ network: fc.string({ minLength: 1, maxLength: 20 }) }), {
        minLength: 1,
        maxLength: 4,
      }),
    });
    fc.assert(
      fc.property(profile, (each) => {
        expect(parse(serializeVmProfile(each))).toEqual(each);
      }),
    );
  });

  it.each([
    ['no JSON', '{', 'not JSON'],
    ['another document', '{"format": "domain"}', 'profile.format'],
    ['no memory', changed((all) => delete all['memoryMiB']), 'profile.memoryMiB'],
    ['a drive that does not exist', changed((all) => Object.assign(all, { boot: ['tape'] })), 'profile.boot[0]'],
    [
      'an empty CD-ROM',
      changed((all) => Object.assign(all, { disks: [{ device: 'cdrom', sizeMiB: 1 }] })),
      'only a hard disk',
    ],
    [
      'no digest',
      changed((all) =>
        Object.assign(all, { disks: [{ device: 'disk', source: { file: 'a', digest: 'md5:1', sizeBytes: 1 } }] }),
      ),
      'Not a digest',
    ],
    [
      'a second ne2k',
      changed((all) => Object.assign(all, { interfaces: [{ network: 'a' }, { network: 'b', model: 'ne2k' }] })),
      'interfaces[1].model',
    ],
    [
      'too many disks',
      changed((all) =>
        Object.assign(all, { disks: Array.from({ length: 9 }, () => ({ device: 'disk', sizeMiB: 1 })) }),
      ),
      'at most 8',
    ],
  ])('is refused with the place that is wrong: %s', (_, text, part) => {
    expect(() => parse(text)).toThrow(
      expect.objectContaining({ code: 'InvalidArgument', message: expect.stringContaining(part) }),
    );
  });

  it('of another version says so', () => {
    expect(() => parse(changed((all) => Object.assign(all, { version: 2 })))).toThrow(
      expect.objectContaining({ code: 'FailedPrecondition' }),
    );
  });
});
