import { describe, expect, it } from 'vitest';
import { parseEmbedAddress } from './embed-address';

const nothing = { view: 'terminal', offers: false, autorun: false, unknown: [] };

describe('the address of an embedded lab', () => {
  it('says who may connect, what is run and what is shown', () => {
    const hash =
      '#nonce=0123456789abcdef&origin=https://course.test&view=topology&lesson=images&s=1.x&offers=1&autorun=1';
    expect(parseEmbedAddress(hash, true)).toEqual({
      nonce: '0123456789abcdef',
      origin: 'https://course.test',
      view: 'topology',
      lesson: 'images',
      code: '1.x',
      offers: true,
      autorun: true,
      unknown: [],
    });
  });

  it.each(['', '#nonce=short', '#origin=javascript:x', '#autorun=yes'])(
    'is read without what makes no sense: %s',
    (hash) => {
      expect(parseEmbedAddress(hash, true)).toEqual(nothing);
    },
  );

  it('runs nothing by itself where no page has the lab in it', () => {
    expect(parseEmbedAddress('#autorun=1', false)).toEqual(nothing);
  });

  it('tells of the words that it does not know', () => {
    expect(parseEmbedAddress('#scenario=lab.yaml&S=1.x', true)).toEqual({ ...nothing, unknown: ['scenario', 'S'] });
  });
});
