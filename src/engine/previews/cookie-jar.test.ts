import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../base/fake-clock';
import { CookieJar } from './cookie-jar';

const jarOf = (...headers: readonly string[]) => {
  const clock = new FakeClock(Date.UTC(2026, 0, 1));
  const jar = new CookieJar(clock);
  for (const header of headers) jar.set(header, '/app/page');
  return { jar, clock };
};

describe('the cookies of an instance', () => {
  it.each([
    ['a=b', '/app/page', 'a=b'],
    ['a=b', '/app', 'a=b'],
    ['a=b', '/apple', ''],
    ['a=b', '/', ''],
    ['a=b; Path=/', '/', 'a=b'],
    ['a=b; path=/app/', '/app/x', 'a=b'],
    ['a=b; path=/app/', '/app', ''],
    ['a = b ; Path=nonsense', '/app', 'a=b'],
    ['novalue', '/app', 'novalue'],
    ['a=b; Domain=elsewhere.example; Secure; SameSite=None', '/app', 'a=b'],
    ['a=b; Max-Age=0', '/app', ''],
    ['a=b; Max-Age=60; Expires=Thu, 01 Jan 1970 00:00:00 GMT', '/app', 'a=b'],
    ['a=b; Expires=Thu, 01-Jan-1970 00:00:00 GMT', '/app', ''],
    ['a=b; Expires=Fri, 01-Jan-2027 00:00:00 GMT', '/app', 'a=b'],
    ['a=b; Expires=never', '/app', 'a=b'],
    ['=', '/app', ''],
    ['a=\u0001', '/app', ''],
    [`a=${'b'.repeat(5000)}`, '/app', ''],
    ['__Host-a=b; Secure; Path=/', '/', '__Host-a=b'],
    ['__Host-a=b; Secure', '/app', ''],
    ['__Host-a=b; Secure; Path=/; Domain=web', '/', ''],
    ['__Secure-a=b; Path=/', '/', ''],
  ])('%s, asked for %s, gives "%s"', (header, path, sent) => {
    expect(jarOf(header).jar.header(path)).toBe(sent);
  });

  it('go out by the longest path first, then by age, and a new value keeps its place', () => {
    const { jar } = jarOf('one=1; Path=/', 'two=2; Path=/', 'deep=3; Path=/app/page', 'one=4; Path=/');
    expect(jar.header('/app/page/x')).toBe('deep=3; one=4; two=2');
  });

  it('end when their time is over', async () => {
    const { jar, clock } = jarOf('a=b; Max-Age=60');
    await clock.advance(59_000);
    expect(jar.header('/app')).toBe('a=b');
    await clock.advance(1000);
    expect(jar.header('/app')).toBe('');
  });

  it('are not shown to scripts, nor replaced by them, when they are for HTTP only', () => {
    const { jar } = jarOf('secret=1; HttpOnly', 'open=2');
    expect(jar.header('/app')).toBe('secret=1; open=2');
    expect(jar.visible('/app')).toBe('open=2');
    expect(jar.set('secret=stolen', '/app/page', true)).toBe(false);
    expect(jar.set('other=3; HttpOnly', '/app/page', true)).toBe(false);
    expect(jar.set('mine=4', '/app/page', true)).toBe(true);
    expect(jar.visible('/app')).toBe('open=2; mine=4');
    expect(jar.header('/app')).toContain('secret=1');
  });

  it('are 180 at most, the oldest giving way', () => {
    const { jar } = jarOf(...Array.from({ length: 200 }, (_, index) => `c${index}=x`));
    const names = jar.header('/app').split('; ');
    expect(names).toHaveLength(180);
    expect(names[0]).toBe('c20=x');
  });
});
