import type { Instance, Process } from '../../api/instance';
import { diskDirectory, emptyDirectory, layersDirectory, layersTag, sharedDirectory, sharedTag } from './host-paths';
import type { HostGuest } from './host-program';

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

/** By this a running `serve` is found again, whoever started it. */
const serveMark = 'strata-serve';

/**
 * One program sets everything up and becomes the runtime's `serve`, since each start of one costs an emulated machine as
 * much as all of this. `$1` and `$2`: bytes of the two programs, which come first on stdin; `$3`: NICs that have a network; `$4`: "shared" where there is a shared folder. Done twice it is done once.
 * By their paths: the guest's shell takes busybox's own program for a bare name. A bridge takes the place of each NIC, with its MAC, address and routes: containers are on the NIC's own network.
 */
const script = `
set -e
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
take() { dd "bs=$1" count=1 iflag=fullblock "of=$2" 2>/dev/null; }
if [ -e /run/strata/ready ]; then
  take $1 /dev/null
  take $2 /dev/null
else
  take $1 /bin/strata-oci
  take $2 /bin/strata-files
  chmod 755 /bin/strata-oci /bin/strata-files
  mkdir -p ${layersDirectory} ${diskDirectory} ${emptyDirectory}
  mount -t 9p -o trans=virtio,version=9p2000.L,msize=524288,cache=loose,ro ${layersTag} ${layersDirectory}
  mount -t ext4 /dev/vda ${diskDirectory}
  if [ "$4" = shared ]; then
    mkdir -p ${sharedDirectory}
    mount -t 9p -o trans=virtio,version=9p2000.L,msize=524288,cache=none ${sharedTag} ${sharedDirectory}
  fi
  mkdir -p ${diskDirectory}/containers ${diskDirectory}/volumes
  for path in /sys/class/net/eth*; do
    nic=\${path##*/}
    bridge=br\${nic#eth}
    [ \${nic#eth} -lt $3 ] || continue
    read -r mac < $path/address
    read -r mtu < $path/mtu
    address=$(/bin/ip -o -4 addr show dev $nic scope global | sed -n 's/.* inet \\([^ ]*\\).*/\\1/p')
    gateway=$(/bin/ip -4 route show default dev $nic | sed -n 's/^default via \\([^ ]*\\).*/\\1/p')
    {
      echo link add $bridge address $mac mtu $mtu type bridge forward_delay 0 mcast_snooping 0
      echo link set $nic master $bridge
      echo addr flush dev $nic
      echo link set $bridge up
      [ -z "$address" ] || echo addr add $address dev $bridge
      [ -z "$gateway" ] || echo route add default via $gateway dev $bridge
    } | /bin/ip -batch -
  done
  : > /run/strata/ready
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

/**
 * Ends what an earlier page has started: its answers would be somebody else's. Containers go on. False: there was nothing,
 * so the machine is no host yet.
 */
export async function endServe(instance: Pick<Instance, 'programs' | 'reattach'>): Promise<boolean> {
  const programs = await instance.programs();
  const old = programs.filter(({ argv, running }) => running && argv.includes(serveMark));
  for (const { id } of old) {
    const process = await instance.reattach(id);
    process.kill('SIGKILL');
    process.stdin.abort().catch(() => {});
    process.stdout.cancel().catch(() => {});
    process.stderr.cancel().catch(() => {});
  }
  return old.length > 0;
}
