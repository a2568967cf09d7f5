import { describe, expect, it } from 'vitest';
import { parseEmbedAddress } from './embed-address';

describe('the address of an embedded lab', () => {
  it('says who may connect, what is run and what is shown', () => {
    expect(
      parseEmbedAddress(
        '#nonce=0123456789abcdef&origin=https://course.test&view=topology&lesson=images&s=1.x&autorun=1',
      ),
    ).toEqual({
      nonce: '0123456789abcdef',
      origin: 'https://course.test',
      view: 'topology',
      lesson: 'images',
      code: '1.x',
      autorun: true,
    });
  });

  it.each(['', '#nonce=short', '#origin=javascript:x', '#autorun=yes'])(
    'is read without what makes no sense: %s',
    (hash) => {
      expect(parseEmbedAddress(hash)).toEqual({ view: 'terminal', autorun: false });
    },
  );
});
