import type { Instance, Process } from '../../api/instance';
import { filesProgram, type HostGuest } from './host-program';

/** What a guest needs to be a host: static programs of ours. One that was restored from the page's own snapshot has them. */
export interface HostPrograms {
  /** `strata-oci`. */
  readonly runtime: Uint8Array;
  /** `strata-files`. */
  readonly files: Uint8Array;
}

/** What of a host's machine its set-up has to know. */
export interface HostShape {
  /** NICs that have a network. */
  readonly nics: number;
  /** Whether it has the shared folder. */
  readonly shared: boolean;
}

/** By this a running server is found again that was started by what brings its program. */
const serveMark = 'strata-serve';

/** The commands that become a host's server: `serve` is what older pages have started. */
const serverCommands: ReadonlySet<string> = new Set(['host', 'serve']);

/**
 * Brings the programs and becomes the host's server. `$1` and `$2`: bytes of the two, which come first on stdin; the rest is for
 * the server. An earlier page's may run, and may be older.
 */
const script = `
set -e
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
take() { dd "bs=$1" count=1 iflag=fullblock "of=$2" 2>/dev/null; }
take $1 /bin/strata-oci.new
take $2 /bin/${filesProgram}.new
chmod 755 /bin/strata-oci.new /bin/${filesProgram}.new
# The runtime stands on a read-only mount that it has made of itself.
while umount -l /bin/strata-oci 2>/dev/null; do :; done
# By the runtime's version it is known that both are the new ones.
mv /bin/${filesProgram}.new /bin/${filesProgram}
mv /bin/strata-oci.new /bin/strata-oci
shift 2
exec strata-oci host "$@"
`;

/** Makes a guest a host, or finds it so, by the runtime that it has; its server is what runs then. */
export function startHost(guest: HostGuest, shape: HostShape): Promise<Process> {
  return guest.exec({ argv: ['strata-oci', 'host', ...hostArguments(shape)] });
}

/** The same by a runtime that is brought there first. A failure is the process's: its words and its code. */
export async function bringHost(
  guest: HostGuest,
  { runtime, files }: HostPrograms,
  shape: HostShape,
): Promise<Process> {
  const sizes = [runtime, files].map(({ length }) => String(length));
  const process = await guest.exec({ argv: ['/bin/sh', '-c', script, serveMark, ...sizes, ...hostArguments(shape)] });
  const writer = process.stdin.getWriter();
  // A script that fails takes no more; how it ended says why.
  for (const bytes of [runtime, files]) writer.write(bytes).catch(() => {});
  writer.releaseLock();
  return process;
}

function hostArguments({ nics, shared }: HostShape): readonly string[] {
  return [...(shared ? ['--shared'] : []), String(nics)];
}

/**
 * Ends what an earlier page has started: its answers would be somebody else's. Containers go on. False: there was no
 * server, so the machine is no host yet.
 */
export async function endEarlier(instance: Pick<Instance, 'programs' | 'reattach'>): Promise<boolean> {
  const programs = await instance.programs();
  const old = programs.filter(({ running }) => running);
  for (const { id } of old.filter(({ argv }) => isServe(argv))) {
    const process = await instance.reattach(id);
    process.kill('SIGKILL');
    process.stdin.abort().catch(() => {});
    process.stdout.cancel().catch(() => {});
    process.stderr.cancel().catch(() => {});
  }
  for (const { id } of old.filter(({ argv }) => argv.includes(filesProgram))) {
    const process = await instance.reattach(id);
    // At the end of its input it takes away what is not whole.
    process.stdin.close().catch(() => {});
    process.stdout.cancel().catch(() => {});
    process.stderr.cancel().catch(() => {});
  }
  return old.some(({ argv }) => isServe(argv));
}

function isServe([program, command, ...rest]: readonly string[]): boolean {
  return (program === 'strata-oci' && serverCommands.has(command ?? '')) || rest.includes(serveMark);
}
