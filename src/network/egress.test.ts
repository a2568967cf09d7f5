import { describe, expect, it } from 'vitest';
import { allowsHost, checkEgress } from './egress';

describe('egress', () => {
  it.each([
    [['example.com'], undefined],
    [['*.example.com', '192.0.2.1', 'localhost'], undefined],
    [['example.com'], 'https://relay.example/?url={url}'],
  ])('can be had to %j by %s', (hosts, relay) => {
    expect(() => checkEgress({ hosts, ...(relay !== undefined && { relay }) })).not.toThrow();
  });

  it.each([
    [[], undefined],
    [Array.from({ length: 101 }, (_, index) => `h${index}`), undefined],
    [['*'], undefined],
    [['*.com'].map(() => '*.*.com'), undefined],
    [['https://example.com'], undefined],
    [['example.com:80'], undefined],
    [['Example.com'], undefined],
    [['a..b'], undefined],
    [[''], undefined],
    [['example.com'], 'https://relay.example/'],
    [['example.com'], 'javascript:{url}'],
    [['example.com'], '{url}'],
  ])('is refused for %j by %s', (hosts, relay) => {
    expect(() => checkEgress({ hosts, ...(relay !== undefined && { relay }) })).toThrow(
      expect.objectContaining({ code: 'InvalidArgument' }),
    );
  });

  it.each([
    ['example.com', true],
    ['EXAMPLE.com', true],
    ['www.example.com', false],
    ['a.b.example.org', true],
    ['example.org', false],
    ['evilexample.org', false],
    ['example.com.evil', false],
    ['', false],
  ])('lets %s be asked: %s', (host, allowed) => {
    expect(allowsHost({ hosts: ['example.com', '*.example.org'] }, host)).toBe(allowed);
    expect(allowsHost(undefined, host)).toBe(false);
  });
});
