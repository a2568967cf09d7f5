import { describe, expect, it } from 'vitest';
import { toHex } from '../base/bytes';
import { addElements, createRule, createSet, createTable, drop, serializeNftBatch, setKeys } from './nftables';

const hexOf = (text: string) => toHex(new TextEncoder().encode(text));

describe('changes of nftables', () => {
  it('are between the marks of a batch of the subsystem, each of the family of bridges', () => {
    const batch = toHex(serializeNftBatch([createTable('t')]));
    const begin = '14000000' + '1000' + '0100' + '0000000000000000' + '0000000a';
    const table = `1c000000000a010400000000000000000700000006000100${hexOf('t\0\0\0')}`;
    const end = begin.replace('1000', '1100');
    expect(batch).toBe(begin + table + end);
  });

  it('tell of a set what its keys are put together of, and how long they are', () => {
    const set = toHex(createSet('t', 's', 1, [setKeys.ifname, setKeys.etherAddress]));
    // TYPE_IFNAME << 6 | TYPE_ETHERADDR; 16 and 6 bytes in whole words.
    expect(set).toContain('08000400' + '00000a49' + '08000500' + '00000018');
  });

  it('have each element as a key of its own', () => {
    const added = toHex(addElements('t', 's', [Uint8Array.of(1, 2, 3, 4), Uint8Array.of(5, 6, 7, 8)]));
    const element = (value: string) => `100001800c00018008000100${value}`;
    expect(added).toContain(`24000380${element('01020304')}${element('05060708')}`);
  });

  it('have the steps of a rule in their order, and a comment as nft writes it down', () => {
    const rule = toHex(createRule('t', 'c', [drop()], 'why'));
    expect(rule).toContain(hexOf('immediate\0'));
    // NF_DROP.
    expect(rule).toContain('0c000280' + '08000100' + '00000000');
    expect(rule.endsWith(`0a0007000004${hexOf('why\0')}0000`)).toBe(true);
  });
});
