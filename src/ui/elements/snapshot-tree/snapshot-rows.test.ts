import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { SnapshotRecord } from '../../../api/snapshot';
import { snapshotRows } from './snapshot-rows';

const record = (id: string, parent?: string): SnapshotRecord =>
  ({ id, name: id, ...(parent !== undefined && { parent }) }) as unknown as SnapshotRecord;

const drawn = (records: readonly SnapshotRecord[], closed: readonly string[] = []): string[] =>
  snapshotRows(records, new Set(closed)).map((row) => `${'.'.repeat(row.level - 1)}${row.record.id}`);

describe('the tree of snapshots', () => {
  const tree = [record('a'), record('b', 'a'), record('c', 'a'), record('d', 'b'), record('e')];

  it('puts children below their parents', () => {
    expect(drawn(tree)).toEqual(['a', '.b', '..d', '.c', 'e']);
  });

  it('leaves out what is below a closed one', () => {
    expect(drawn(tree, ['a'])).toEqual(['a', 'e']);
    expect(drawn(tree, ['b'])).toEqual(['a', '.b', '.c', 'e']);
  });

  it('says the place among the siblings, and which lines go on', () => {
    const rows = snapshotRows(tree);
    expect(rows[1]).toMatchObject({ position: 1, siblings: 2, children: 1, expanded: true, parent: 'a' });
    expect(rows[2]?.lines).toEqual([true, true, false]);
    expect(rows[3]?.lines).toEqual([true, false]);
  });

  it('makes a root of one whose parent is not there', () => {
    expect(drawn([record('b', 'gone')])).toEqual(['b']);
  });

  it('shows every snapshot once, whatever the parents are, circles too', () => {
    const ids = ['a', 'b', 'c', 'd', 'e', 'f'];
    const parents = fc.array(fc.option(fc.constantFrom(...ids, 'gone'), { nil: undefined }), {
      minLength: 6,
      maxLength: 6,
    });
    fc.assert(
      fc.property(parents, (chosen) => {
        const rows = snapshotRows(ids.map((id, index) => record(id, chosen[index])));
        expect(rows.map((row) => row.record.id).sort()).toEqual(ids);
      }),
    );
  });
});
