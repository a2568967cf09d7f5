import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TokenBucket } from './token-bucket';

describe('a token bucket', () => {
  it('lets the burst through, then the rate', () => {
    const bucket = new TokenBucket(1000, 5, 0);
    const taken = (now: number) => {
      let count = 0;
      while (bucket.take(1, now)) count += 1;
      return count;
    };
    expect([taken(0), taken(0), taken(1), taken(3), taken(1000)]).toEqual([5, 0, 1, 2, 5]);
  });

  it('takes all or nothing', () => {
    const bucket = new TokenBucket(1000, 5, 0);
    expect([bucket.take(6, 0), bucket.take(5, 0)]).toEqual([false, true]);
  });

  it('never lets more through than burst and rate allow', () => {
    const asked = fc.array(fc.record({ wait: fc.nat(20), count: fc.integer({ min: 1, max: 8 }) }), {
      maxLength: 100,
      size: 'max',
    });
    fc.assert(
      fc.property(asked, (asks) => {
        const bucket = new TokenBucket(500, 10, 0);
        let now = 0;
        let through = 0;
        for (const { wait, count } of asks) {
          now += wait;
          if (bucket.take(count, now)) through += count;
          expect(through).toBeLessThanOrEqual(10 + now * 0.5);
        }
      }),
    );
  });
});
