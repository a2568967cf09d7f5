import type { Instance, Process } from '../../api/instance';
import { diskDirectory, emptyDirectory, layersDirectory, layersTag, sharedDirectory, sharedTag } from './host-paths';
import { filesProgram, type HostGuest } from './host-program';

/** What a host's guest lacks: static programs of ours. */
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

/** By this a running `serve` is found again that was started with the set-up before it. */
const serveMark = 'strata-serve';

/** How the name begins that a file has in a container's root until it is whole: images/container-files/draft.c. */
const draftPrefix = '.strata-unpack.';

/** `serve` alone, in a guest that is set up. */
const serveArgv = ['strata-oci', 'serve'] as const;

/** A directory that is there once a guest is set up. */
export const readyDirectory = '/run/strata/ready';

/**
 * One program sets everything up and becomes the runtime's `serve`, since each start of one costs an emulated machine as
 * much as all of this. `$1` and `$2`: bytes of the two programs, which come first on stdin; `$3`: NICs that have a network; `$4`: "shared" where there is a shared folder. Done twice it is done once.
 * What was being written to a container when the machine ended is taken away before anybody sees it.
 * By their paths where the shell's own is not enough: for a bare name the guest's shell takes busybox's program, which it has in it.
 * The bare `ip` is busybox's: to start `/bin/ip` with its libraries costs as much as all of a bridge. A bridge takes the place of each NIC, with its MAC, address and routes: containers are on the NIC's own network.
 */
const script = `
set -e
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
take() { dd "bs=$1" count=1 iflag=fullblock "of=$2" 2>/dev/null; }
if [ -e ${readyDirectory} ]; then
  # An earlier page's may run, and may be older.
  take $1 /bin/strata-oci.new
  take $2 /bin/strata-files.new
  chmod 755 /bin/strata-oci.new /bin/strata-files.new
  # The runtime stands on a read-only mount that it has made of itself.
  while umount -l /bin/strata-oci 2>/dev/null; do :; done
  # By the runtime's version it is known that both are the new ones.
  mv /bin/strata-files.new /bin/strata-files
  mv /bin/strata-oci.new /bin/strata-oci
else
  take $1 /bin/strata-oci
  take $2 /bin/${filesProgram}
  chmod 755 /bin/strata-oci /bin/${filesProgram}
  mkdir -p ${layersDirectory} ${diskDirectory} ${emptyDirectory}
  mount -t 9p -o trans=virtio,version=9p2000.L,msize=524288,cache=loose,ro ${layersTag} ${layersDirectory}
  mount -t ext4 /dev/vda ${diskDirectory}
  if [ "$4" = shared ]; then
    mkdir -p ${sharedDirectory}
    mount -t 9p -o trans=virtio,version=9p2000.L,msize=524288,cache=none ${sharedTag} ${sharedDirectory}
  fi
  mkdir -p ${diskDirectory}/containers ${diskDirectory}/volumes
  # Whatever a container has put there under such a name: it keeps no host from starting.
  for draft in ${diskDirectory}/containers/*/upper/${draftPrefix}*; do
    [ ! -f "$draft" ] || rm -f "$draft" || :
  done
  for path in /sys/class/net/eth*; do
    nic=\${path##*/}
    bridge=br\${nic#eth}
    [ \${nic#eth} -lt $3 ] || continue
    read -r mac < $path/address
    read -r mtu < $path/mtu
    read -r _ _ _ address _ <<ADDRESS
$(ip -o -4 addr show dev $nic scope global)
ADDRESS
    read -r _ _ gateway _ <<ROUTE
$(ip -4 route show default dev $nic)
ROUTE
    ip link add $bridge address $mac type bridge
    echo $mtu > /sys/class/net/$bridge/mtu
    echo 0 > /sys/class/net/$bridge/bridge/forward_delay
    echo 0 > /sys/class/net/$bridge/bridge/multicast_snooping
    ip link set $nic master $bridge
    [ -z "$address" ] || ip addr flush dev $nic
    # Up, as it is told by sysfs: IFF_UP, IFF_BROADCAST and IFF_MULTICAST.
    echo 0x1003 > /sys/class/net/$bridge/flags
    [ -z "$address" ] || ip addr add $address dev $bridge
    [ -z "$gateway" ] || ip route add default via $gateway dev $bridge
  done
  mkdir -p ${readyDirectory}
fi
exec strata-oci serve
`;

/** Makes a guest a host; its `serve` is what runs then. A failure is the process's: its words and its code. */
export async function startServe(
  guest: HostGuest,
  { runtime, files }: HostPrograms,
  { nics, shared }: HostShape,
): Promise<Process> {
  const argv = [
    '/bin/sh',
    '-c',
    script,
    serveMark,
    String(runtime.length),
    String(files.length),
    String(nics),
    shared ? 'shared' : '',
  ];
  const process = await guest.exec({ argv });
  const writer = process.stdin.getWriter();
  // A script that fails takes no more; how it ended says why.
  for (const bytes of [runtime, files]) writer.write(bytes).catch(() => {});
  writer.releaseLock();
  return process;
}

/** The runtime's `serve` in a guest that an earlier page has set up; nothing has to be brought there. */
export function startServeAgain(guest: HostGuest): Promise<Process> {
  return guest.exec({ argv: serveArgv });
}

/**
 * Ends what an earlier page has started: its answers would be somebody else's. Containers go on. False: there was no
 * `serve`, so the machine is no host yet.
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

function isServe(argv: readonly string[]): boolean {
  return (
    argv.includes(serveMark) || (argv.length === serveArgv.length && serveArgv.every((word, at) => word === argv[at]))
  );
}
