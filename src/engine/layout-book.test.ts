import { describe, expect, it } from 'vitest';
import type { Layout } from '../api/layout';
import type { RecordStore } from '../api/records';
import { SandboxError } from '../base/errors';
import { LayoutBook, layoutLimit } from './layout-book';
import { createStores } from './stores-fixture';

describe('the layout of a lab', () => {
  it('is there again at the next visit', async () => {
    const { records } = await createStores();
    const book = await LayoutBook.open(records);
    await book.place('vm', { x: 10.4, y: -3 });
    await book.place('network/default', { x: 1e9, y: 7 });
    await book.place('vm', { x: 20, y: 30 });
    const again = await LayoutBook.open(records);
    expect(again.layout).toEqual({ 'network/default': { x: 20_000, y: 7 }, vm: { x: 20, y: 30 } });
    await again.clear();
    expect((await LayoutBook.open(records)).layout).toEqual({});
  });

  it('forgets the oldest place when there are too many', async () => {
    const { records } = await createStores();
    const places = Object.fromEntries(Array.from({ length: layoutLimit }, (_, at) => [`n${at}`, { x: at, y: 0 }]));
    await records.apply([{ collection: 'layouts', key: 'topology', value: places }]);
    const book = await LayoutBook.open(records);
    await book.place('new', { x: 1, y: 1 });
    expect(Object.keys(book.layout)).toHaveLength(layoutLimit);
    expect(book.layout['n0']).toBeUndefined();
  });

  it.each([null, 3, [], { vm: null, a: { x: 'x', y: 1 }, b: { x: 1, y: Number.NaN } }])(
    'reads %j as nothing',
    async (value) => {
      const records = { list: async () => [{ key: 'topology', value }] } as unknown as RecordStore;
      expect((await LayoutBook.open(records)).layout).toEqual({});
    },
  );

  it('is as it was when it could not be written', async () => {
    const full = new SandboxError('ResourceExhausted', 'No room');
    const records: RecordStore = { list: async () => [], apply: () => Promise.reject(full) };
    const book = await LayoutBook.open(records);
    const told: Layout[] = [];
    book.changes((layout) => told.push(layout));
    await expect(book.place('vm', { x: 1, y: 2 })).rejects.toBe(full);
    expect(told).toEqual([{ vm: { x: 1, y: 2 } }, {}]);
  });
});
