import { SandboxError } from '../../base/errors';

/** What system-call-probe.s assembles to; its test does so again. */
export const probeHex = `
7f454c460101010000000000000000000200030001000000548004083400000000000000000000003400200001000000000000000100
0000000000000080040800800408ed00000000120000070000000010000031edb802000000cd8085c0744d6a0089c3b80700000089e1
31d2cd8058b161a87f750e80fc267502b16d80fc017502b172888d009004084581fd0002000072c2b804000000bb01000000b9009004
08ba00020000cd8031dbeb38b81b000000bb01000000cd8083cbff89d9baffdfffff89de89df89e8cd8083f8da750a31db31c931d289
e8cd8031db3d01f0ffff720229c3b801000000cd80
`.replace(/\s/g, '');

/** A command for `sh -c` that writes the probe somewhere, runs it and removes it: 512 letters on its output. */
export function probeCommand(): string {
  const octal = [...probeHex.matchAll(/../g)].map(
    ([byte]) => `\\${Number.parseInt(byte, 16).toString(8).padStart(3, '0')}`,
  );
  const file = '/system-calls';
  return `printf '${octal.join('')}' > ${file} && chmod +x ${file} && ${file}; rm -f ${file}`;
}

/**
 * The calls that the process may use: it got as far as being told what is wrong with its arguments. A filter says EPERM also
 * of numbers that the kernel does not have. `Internal` when that is not what the probe writes.
 */
export function readProbe(output: string): number {
  if (!/^[amr]{512}$/.test(output)) {
    throw new SandboxError('Internal', `The probe of system calls wrote something else: ${output.slice(0, 80)}`);
  }
  return output.split('a').length - 1;
}
