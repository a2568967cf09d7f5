import { describe, expect, it } from 'vitest';
import { scenarioAddress, shareLink } from './scenario-address';

const digest = 'ab'.repeat(32);
const read = (address: string) => scenarioAddress(new URL(address, 'https://strata.test/app/'));

describe('an address that asks for a scenario', () => {
  it('has it in itself, or says where it is', () => {
    expect(read('#s=1.abc')).toEqual({ kind: 'code', code: '1.abc' });
    expect(read('?scenario=scenarios/two.yaml')).toEqual({
      kind: 'url',
      url: new URL('https://strata.test/app/scenarios/two.yaml'),
    });
    expect(read(`?scenario=https://other.test/a.yaml&sha256=${digest.toUpperCase()}`)).toEqual({
      kind: 'url',
      url: new URL('https://other.test/a.yaml'),
      sha256: digest,
    });
  });

  it('is made of a code, whatever the page was opened with', () => {
    const link = shareLink(new URL('https://strata.test/app/?scenario=x#/machines'), '1.abc');
    expect(link).toBe('https://strata.test/app/#s=1.abc');
    expect(scenarioAddress(new URL(link))).toEqual({ kind: 'code', code: '1.abc' });
  });

  it.each(['', '#/machines', '#/s=1', '?lesson=1'])('is none: "%s"', (address) => {
    expect(read(address)).toBeUndefined();
  });

  it.each([
    ['?scenario=https://other.test/a.yaml', 'without its digest'],
    [`?scenario=https://other.test/a.yaml&sha256=${digest}0`, 'no digest of 64'],
    ['?scenario=javascript:alert(1)', 'no address'],
    ['?scenario=https://[', 'no address'],
    ['?scenario=data:text/yaml,strata', 'no address'],
  ])('is refused: %s', (address, why) => expect(() => read(address)).toThrow(why));
});
