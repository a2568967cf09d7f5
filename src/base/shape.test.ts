import { expect, it } from 'vitest';
import { hasShape, type Shape } from './shape';

it.each<[value: unknown, shape: Shape, fits: boolean]>([
  ['text', '', true],
  ['text', 'text', true],
  ['text', 'other', false],
  [5, 0, true],
  [5, 1, false],
  [false, false, true],
  [true, false, true],
  [false, true, false],
  ['5', 0, false],
  [null, {}, false],
  [undefined, {}, false],
  [[], {}, false],
  [{}, [''], false],
  [[], [''], true],
  [['a', 'b'], [''], true],
  [['a', 5], [''], false],
  [[{ id: 'a' }, null], [{ id: '' }], false],
  [{ id: 'a', more: 5 }, { id: '' }, true],
  [{}, { id: '' }, false],
  [{}, { 'id?': '' }, true],
  [{ id: undefined }, { 'id?': '' }, true],
  [{ id: 5 }, { 'id?': '' }, false],
  [{ id: null }, { 'id?': '' }, false],
  [{ spec: { disks: 5 } }, { spec: { 'disks?': [{}] } }, false],
])('a value of JSON fits a shape: %j, %j', (value, shape, fits) => {
  expect(hasShape(value, shape)).toBe(fits);
});
