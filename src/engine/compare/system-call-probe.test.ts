import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { run } from '../../../images/lib/run';
import { findProgram } from '../../../scripts/lib/judges.mjs';
import { probeCommand, probeHex, readProbe } from './system-call-probe';

describe('the probe of system calls', () => {
  it.runIf(findProgram('clang') && findProgram('objcopy'))('is what its source assembles to', () => {
    const folder = mkdtempSync(join(tmpdir(), 'strata-probe-'));
    const directory = fileURLToPath(new URL('.', import.meta.url));
    try {
      const [object, bytes] = [join(folder, 'probe.o'), join(folder, 'probe')];
      run('clang', ['--target=i386-linux-gnu', '-c', '-o', object, 'system-call-probe.s'], { directory });
      run('objcopy', ['-O', 'binary', '-j', '.text', object, bytes], { directory });
      expect(probeHex).toBe(readFileSync(bytes).toString('hex'));
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('is a command without anything that a shell would take for its own', () => {
    expect(probeCommand()).toMatch(/^printf '(\\[0-7]{3}){237}' > /);
  });

  it('tells what was answered, not what was refused or is not there', () => {
    expect(readProbe(`${'a'.repeat(300)}${'r'.repeat(40)}${'m'.repeat(172)}`)).toBe(300);
  });

  it.each(['', 'sh: printf: not found\n', 'a'.repeat(511), `${'a'.repeat(511)}x`])('refuses %j', (output) => {
    expect(() => readProbe(output)).toThrow(/probe of system calls wrote something else/);
  });
});
