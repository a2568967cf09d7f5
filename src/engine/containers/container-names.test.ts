import { describe, expect, it } from 'vitest';
import { nameConflict, randomContainerName, readContainerName } from './container-names';

describe('names of containers', () => {
  it.each(['web', '/web', 'a1', 'A_b.c-d'])('"%s" can be given', (name) => {
    expect(readContainerName(name)).toBe(name.replace('/', ''));
  });

  it.each(['', 'a', '-web', 'a b', 'ä', '/', 'a/b', 'x'.repeat(254)])('"%s" cannot', (name) => {
    expect(() => readContainerName(name)).toThrow('only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed');
  });

  it('that nobody has chosen are adjective and surname, and are found when many are taken', () => {
    let seed = 1;
    const random = (count: number) => Uint8Array.from({ length: count }, () => (seed = (seed * 75) % 65537));
    const taken = new Set<string>();
    for (let at = 0; at < 3000; at += 1) taken.add(randomContainerName((name) => taken.has(name), random));
    expect(taken.size).toBe(3000);
    for (const name of taken) expect(readContainerName(name)).toMatch(/^[a-z]+_[a-z]+\d*$/);
  });

  it('that are taken are refused in docker’s words', () => {
    expect(nameConflict('web', 'abc').message).toBe(
      'Conflict. The container name "/web" is already in use by container "abc". You have to remove (or rename) that container to be able to reuse that name.',
    );
  });
});
