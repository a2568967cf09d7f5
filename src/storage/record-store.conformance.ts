import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { RecordChange, RecordCollection, RecordStore } from '../api/records';
import { recordCollections } from './database';

export interface RecordFixture {
  readonly records: RecordStore;
  dispose(): Promise<void>;
}

/** What every record store does. Run over each implementation. */
export function describeRecordStore(
  name: string,
  open: () => Promise<RecordFixture>,
  { runs = 50 }: { readonly runs?: number } = {},
): void {
  describe(`record store over ${name}`, () => {
    let fixture: RecordFixture;
    let records: RecordStore;
    beforeEach(async () => {
      fixture = await open();
      records = fixture.records;
    });
    afterEach(() => fixture.dispose());

    it('has every collection, empty at first', async () => {
      for (const collection of recordCollections) expect(await records.list(collection)).toEqual([]);
    });

    it('keeps what a model keeps, in the order of the keys, whatever is put and removed', async () => {
      const model = new Map<RecordCollection, Map<string, unknown>>(recordCollections.map((each) => [each, new Map()]));
      const change = fc.record(
        {
          collection: fc.constantFrom(...recordCollections),
          key: fc.oneof(fc.constantFrom('a', 'b', 'B', 'ä', '', '\u{1f600}', '\uffee'), fc.string({ maxLength: 3 })),
          value: fc.jsonValue(),
        },
        { requiredKeys: ['collection', 'key'] },
      );
      await fc.assert(
        fc.asyncProperty(fc.array(change, { maxLength: 8 }), async (changes) => {
          await records.apply(changes as RecordChange[]);
          for (const { collection, key, value } of changes) {
            if (value === undefined) model.get(collection)?.delete(key);
            else model.get(collection)?.set(key, JSON.parse(JSON.stringify(value)));
          }
          for (const collection of recordCollections) {
            const expected = [...(model.get(collection) ?? [])].map(([key, value]) => ({ key, value }));
            expected.sort((a, b) => (a.key < b.key ? -1 : 1));
            expect(await records.list(collection)).toEqual(expected);
          }
        }),
        { numRuns: runs },
      );
    });

    it('applies steps in their order: the last one for a key wins', async () => {
      await records.apply([
        { collection: 'instances', key: 'web', value: 1 },
        { collection: 'instances', key: 'web' },
        { collection: 'instances', key: 'web', value: { phase: 'running' } },
      ]);
      expect(await records.list('instances')).toEqual([{ key: 'web', value: { phase: 'running' } }]);
    });

    it.each([
      ['a value that is not JSON', { collection: 'networks', key: 'b', value: 1n }],
      ['a value without a form in JSON', { collection: 'networks', key: 'b', value: () => 1 }],
      ['a value that contains itself', { collection: 'networks', key: 'b', value: ring() }],
      ['a collection that does not exist', { collection: 'blobs', key: 'b', value: 1 }],
      ['a key that is no text', { collection: 'networks', key: 7, value: 1 }],
    ])('refuses %s, and with it all other steps', async (_, wrong) => {
      await records.apply([{ collection: 'networks', key: 'kept', value: 1 }]);
      const changes = [
        { collection: 'networks', key: 'a', value: 1 },
        { collection: 'networks', key: 'kept' },
        wrong,
      ] as RecordChange[];
      await expect(records.apply(changes)).rejects.toMatchObject({ code: 'InvalidArgument' });
      expect(await records.list('networks')).toEqual([{ key: 'kept', value: 1 }]);
    });

    it('refuses to list what is no collection of records', async () => {
      await expect(records.list('chunks' as RecordCollection)).rejects.toMatchObject({ code: 'InvalidArgument' });
    });

    it('has its own copy of a value, both ways', async () => {
      const value = { tags: ['a'] };
      const applied = records.apply([{ collection: 'disks', key: 'd', value }]);
      value.tags.push('b');
      await applied;
      for (const entry of await records.list('disks')) (entry.value as typeof value).tags.push('c');
      expect(await records.list('disks')).toEqual([{ key: 'd', value: { tags: ['a'] } }]);
    });

    it('shows of two applies at once the whole of each, never a mixture', async () => {
      const changes = (value: number): RecordChange[] =>
        ['a', 'b', 'c'].map((key) => ({ collection: 'snapshots', key, value }));
      for (let round = 0; round < 10; round += 1) {
        const [, seen] = await Promise.all([
          records.apply(changes(round)),
          records.list('snapshots'),
          records.apply(changes(round + 100)),
        ]);
        expect(new Set(seen.map(({ value }) => value)).size).toBeLessThanOrEqual(1);
        expect(new Set((await records.list('snapshots')).map(({ value }) => value)).size).toBe(1);
      }
    });
  });
}

function ring(): unknown {
  const value: Record<string, unknown> = {};
  value.self = value;
  return value;
}
