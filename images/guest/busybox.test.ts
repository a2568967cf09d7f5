import { describe, expect, it } from 'vitest';
import { busyboxApplets } from './busybox';

describe('busyboxApplets', () => {
  it('reads the table of names out of the program, without those that would mislead', () => {
    const names = ['[', '[[', 'busybox', 'dpkg', 'init', 'ls', 'sh', 'tar'];
    const program = Buffer.from(`\x7fELF...\0other\0${names.join('\0')}\0\0more`, 'latin1');
    expect(busyboxApplets(program)).toEqual(['[', '[[', 'ls', 'sh', 'tar']);
  });

  it('says so when there is no table', () => {
    expect(() => busyboxApplets(Buffer.from('\x7fELF\0nothing\0\0'))).toThrow('table of applets was not found');
  });
});
