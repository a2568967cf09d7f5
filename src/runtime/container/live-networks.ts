import type { ContainerNic } from '../../api/container-host';
import { type HostGuest, runProgram } from './host-program';
import { portName } from './port-guard';

/** A name for the container's network namespace is all that iproute2 takes; it is gone when the script ends. `$1`: its pid. */
const enter = `
set -e
space=strata-$1-$$
/bin/ip netns attach $space $1
trap '/bin/ip netns del $space' EXIT
links=$(/bin/ip -n $space -o link)
`;

/** `$2` MAC, `$3` address with its prefix, `$4` MTU, `$5` the other end, `$6` bridge, `$7` gateway or nothing. */
const connectScript = `${enter}
n=0
while case "$links" in *" eth$n@"*|*" eth$n:"*) true;; *) false;; esac; do n=$((n+1)); done
/bin/ip link add $5 mtu $4 type veth peer name eth$n address $2 mtu $4 netns $space
/bin/ip link set $5 master $6 up
/bin/ip -n $space link set eth$n up
/bin/ip -n $space addr add $3 dev eth$n
[ -z "$7" ] || /bin/ip -n $space route add default via $7
`;

/**
 * `$2` MAC, `$3` the gateway from now on, or nothing if it stays, `$4` the one before, `$5` the bundle. Whatever it is called
 * inside; the other end goes with it. With rights over its network a container may have taken it away itself, or put its
 * other interfaces down. Its files are written to, not replaced: they are mounted.
 */
const disconnectScript = `${enter}
name=$(echo "$links" | sed -n "s|^[0-9]*: \\([^@:]*\\).* link/ether $2 .*|\\1|p")
for each in $name; do /bin/ip -n $space link del $each; done
[ -n "$3" ] || exit 0
/bin/ip -n $space route replace default via $3 || true
for file in $5/file-*; do
  grep -q -x -F "nameserver $4" $file || continue
  text=$(sed "s/^nameserver $4$/nameserver $3/" $file)
  echo "$text" > $file
done
`;

/** Adds an interface to a container that runs, by the first name that is free there; those of its start are the runtime's. */
export async function connectNic(guest: HostGuest, pid: number, nic: ContainerNic, bridge: string): Promise<void> {
  const { mac, address, prefixLength, mtu, gateway = '' } = nic;
  const other = portName({ bridge, mac, address });
  const values = [mac, `${address}/${prefixLength}`, String(mtu), other, bridge, gateway];
  await runIn(guest, connectScript, [String(pid), ...values], 'The interface cannot be added');
}

export interface Disconnection {
  /** Of the network that is the container's first now, if that was another: its way out, and who knows names. */
  readonly gateway: string | undefined;
  /** Where the files are that it was given. */
  readonly bundle: string;
}

export async function disconnectNic(
  guest: HostGuest,
  pid: number,
  { mac, gateway: before = '' }: ContainerNic,
  { gateway = '', bundle }: Disconnection,
): Promise<void> {
  const values = [String(pid), mac, gateway, before, bundle];
  await runIn(guest, disconnectScript, values, 'The interface cannot be taken away');
}

async function runIn(guest: HostGuest, script: string, values: readonly string[], what: string): Promise<void> {
  await runProgram(guest, ['/bin/sh', '-c', script, 'container-network', ...values], what);
}
