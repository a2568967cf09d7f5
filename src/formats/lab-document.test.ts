import { describe, expect, it } from 'vitest';
import { type LabDocument, parseLabDocument, serializeLabDocument } from './lab-document';

const digest = `sha256:${'ab'.repeat(32)}` as const;

const lab: LabDocument = {
  name: 'Lecture',
  notes: '',
  savedAt: 1_700_000_000_000,
  records: [{ collection: 'networks', key: 'back', value: { name: 'back' } }],
  disks: { d: digest, 'd@1': digest },
  memory: { [digest]: digest },
  blobs: [{ digest, label: 'app' }],
  folders: [{ name: 'shared', quotaBytes: 1024, blob: digest }],
};

function changed(change: Readonly<Record<string, unknown>>): Uint8Array {
  return new TextEncoder().encode(JSON.stringify({ formatVersion: 1, ...lab, ...change }));
}

describe('the record of a lab that was saved whole', () => {
  it('is read as it was written', () => {
    expect(parseLabDocument(serializeLabDocument(lab))).toEqual(lab);
  });

  it.each<[string, Readonly<Record<string, unknown>>, string]>([
    ['of a later version', { formatVersion: 2 }, 'A lab of version 2: this page reads version 1'],
    ['without a name', { name: 7 }, 'lab.name must be a string'],
    ['with a disk that has no digest', { disks: { d: 'x' } }, 'lab.disks.d must be a sha256 digest'],
    [
      'with records of images, which are the images’ own',
      { records: [{ collection: 'images', key: 'a', value: {} }] },
      'lab.records[0].collection must be a collection of records',
    ],
    ['with a folder of a negative size', { folders: [{ name: 'a', quotaBytes: -1, blob: digest }] }, 'quotaBytes'],
    ['with something else in place of its blobs', { blobs: {} }, 'lab.blobs must be a list'],
  ])('%s is refused', (_, change, message) => {
    expect(() => parseLabDocument(changed(change))).toThrow(message);
  });
});
