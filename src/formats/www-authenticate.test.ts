import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseChallenges } from './www-authenticate';

const plain = (header: string) =>
  parseChallenges(header).map(({ scheme, params }) => ({ ...Object.fromEntries(params), scheme }));

describe('WWW-Authenticate', () => {
  it.each<[string, object[]]>([
    [
      'Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:a/b:pull,push"',
      [
        {
          scheme: 'bearer',
          realm: 'https://auth.docker.io/token',
          service: 'registry.docker.io',
          scope: 'repository:a/b:pull,push',
        },
      ],
    ],
    ['Basic realm="Registry Realm"', [{ scheme: 'basic', realm: 'Registry Realm' }]],
    ['basic REALM=plain', [{ scheme: 'basic', realm: 'plain' }]],
    [
      'Bearer  realm = "a" ,  error="insufficient_scope"',
      [{ scheme: 'bearer', realm: 'a', error: 'insufficient_scope' }],
    ],
    [
      'Basic realm="x", Bearer realm="https://y",scope="s"',
      [
        { scheme: 'basic', realm: 'x' },
        { scheme: 'bearer', realm: 'https://y', scope: 's' },
      ],
    ],
    ['Negotiate a87421000000000==, Basic realm="x"', [{ scheme: 'negotiate' }, { scheme: 'basic', realm: 'x' }]],
    ['Negotiate, Basic realm="x"', [{ scheme: 'negotiate' }, { scheme: 'basic', realm: 'x' }]],
    ['Basic realm="a \\"quoted\\" \\\\ one"', [{ scheme: 'basic', realm: 'a "quoted" \\ one' }]],
    ['Bearer realm="a", realm="b"', [{ scheme: 'bearer', realm: 'a' }]],
    ['Bearer realm="never ends', [{ scheme: 'bearer' }]],
    ['Bearer realm=', [{ scheme: 'bearer' }]],
    ['realm="x"', [{ scheme: 'realm' }]],
    [', ,', []],
    ['', []],
  ])('%s', (header, challenges) => {
    expect(plain(header)).toEqual(challenges);
  });

  it('gives back whatever values were quoted', () => {
    const name = fc.stringMatching(/^[a-z][a-z0-9_-]{0,8}$/);
    const value = fc.string({ maxLength: 40 }).filter((text) => !/[\n\r]/.test(text));
    fc.assert(
      fc.property(name, fc.dictionary(name, value, { maxKeys: 5, noNullPrototype: true }), (scheme, params) => {
        const quote = (text: string) => `"${text.replace(/["\\]/g, '\\$&')}"`;
        const list = Object.entries(params).map(([key, text]) => `${key}=${quote(text)}`);
        expect(plain(`${scheme} ${list.join(', ')}`)).toEqual([{ ...params, scheme }]);
      }),
    );
  });

  it('reads any text to its end', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 200 }), (text) => {
        expect(Array.isArray(parseChallenges(text))).toBe(true);
      }),
    );
    expect(parseChallenges(`Bearer ${'a="b",'.repeat(100_000)}`).length).toBeLessThan(3);
  });
});
