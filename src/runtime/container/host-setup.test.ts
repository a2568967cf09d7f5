import { describe, expect, it } from 'vitest';
import type { Process } from '../../api/instance';
import { endEarlier } from './host-setup';
import { holdProcess } from './process-fixture';

/** A guest in which an earlier page has left these programs. */
function guestWith(...programs: readonly (readonly string[])[]) {
  const told: string[] = [];
  const reattach = async (id: string): Promise<Process> => {
    const { process } = holdProcess();
    const stdin = new WritableStream<Uint8Array>({
      close: () => void told.push(`${id} has no more input`),
      abort: () => void told.push(`${id} lost its input`),
    });
    return { ...process, id, stdin, kill: (signal) => void told.push(`${id} gets ${signal}`) };
  };
  const list = programs.map((argv) => ({ id: argv.at(-1) ?? '', argv, running: true }));
  return { told, guest: { programs: async () => list, reattach } };
}

describe('what an earlier page has left in a host', () => {
  it('is ended: its server at once, a copy to a container with the end of its input, which lets it take away what is not whole', async () => {
    const { told, guest } = guestWith(
      ['strata-oci', 'serve'],
      ['strata-oci', 'run', '--bundle', '/b', 'web'],
      ['strata-files', 'unpack', '/proc/7/root', '/root'],
      ['unshare', '-m', '/bin/sh', '-c', 'exec', 'strata-files', 'unpack', '/run/strata/look', '/srv'],
    );
    expect(await endEarlier(guest)).toBe(true);
    expect(told.sort()).toEqual([
      '/root has no more input',
      '/srv has no more input',
      'serve gets SIGKILL',
      'serve lost its input',
    ]);
  });

  it.each([
    ['as the guest had its program', ['strata-oci', 'host', '--shared', '1']],
    ['as the page brought it', ['/bin/sh', '-c', 'exec strata-oci host "$@"', 'strata-serve', '9', '9', '1']],
  ])('is found by its server, started %s', async (_, argv) => {
    const { told, guest } = guestWith(argv);
    expect(await endEarlier(guest)).toBe(true);
    expect(told).toEqual(['1 gets SIGKILL', '1 lost its input']);
  });

  it('makes no host of a machine that has no server', async () => {
    expect(await endEarlier(guestWith(['strata-files', 'unpack', '/d', '/x']).guest)).toBe(false);
  });
});
