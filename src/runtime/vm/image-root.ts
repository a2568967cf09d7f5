import { imageShareTag, type VmImage } from '../../api/vm-image';
import { type Clock, systemClock } from '../../base/clock';
import { SandboxError } from '../../base/errors';
import type { AgentSession } from './agent-session';
import { runInGuest } from './run-in-guest';

/** A journal to be replayed, and cold code: a second each on the slowest machine we know of. */
const timeoutMs = 60_000;

/**
 * What the guest's shell is told; `$1` layers, `$2` working directory, `$3` user, then the command. Each program that it
 * runs is a fork and an exec on an emulator whose code for them is cold, some 40 ms: what the shell can do by itself it
 * does by itself.
 */
const script = `
set -e
layers=$1 cwd=$2 user=$3
shift 3
mkdir -p /mnt/layers /mnt/disk /mnt/root /run/old
mount -t 9p -o trans=virtio,version=9p2000.L,msize=524288,cache=loose,ro ${imageShareTag} /mnt/layers
mount -t ext4 /dev/vda /mnt/disk
[ -d /mnt/disk/work ] || mkdir -p /mnt/disk/upper /mnt/disk/work
# Overlayfs wants the highest first. Names relative to the layers keep the options of a hundred of them on one page.
lower= layer=0
while [ $layer -lt $layers ]; do
  lower=$layer\${lower:+:$lower}
  layer=$((layer + 1))
done
cd /mnt/layers
mount -t overlay -o "lowerdir=$lower,upperdir=/mnt/disk/upper,workdir=/mnt/disk/work" root /mnt/root
cd /mnt/root
missing=
for place in proc sys dev run tmp etc var/log; do [ -d $place ] || missing="$missing $place"; done
[ -z "$missing" ] || mkdir -p $missing
for name in hosts hostname resolv.conf; do
  # As a link it would lead out of the image.
  [ ! -L etc/$name ] || rm -f etc/$name
  [ ! -e /etc/$name ] || while IFS= read -r line || [ -n "$line" ]; do echo "$line"; done < /etc/$name > etc/$name
done
# All in one program, which does not say when it fails.
mount -a -T /dev/stdin << END
/proc /mnt/root/proc none move 0 0
/sys /mnt/root/sys none move 0 0
/dev /mnt/root/dev none move 0 0
/run /mnt/root/run none move 0 0
/tmp /mnt/root/tmp none move 0 0
END
[ -e proc/1 -a -e sys/kernel -a -e dev/null -a -d run/old ] || { echo "The mounts of the old root cannot be moved" >&2; exit 1; }
pivot_root . run/old
cd /
# Whoever was in the old root is in the new one now (pivot_root(2)); the files that are still open outlive this.
umount -l /run/old
# PID 1 starts the console's shell again, which is the image's then. An image without one keeps the shell that runs.
# Its prompt comes on a clean screen: what the old root's shell has written there is of another system.
if [ -x /bin/sh ]; then
  printf '\\033[H\\033[2J\\033[3J' > /dev/console
  for process in /proc/[0-9]*; do
    read -r line < $process/cmdline 2>/dev/null || [ -n "$line" ] || continue
    [ "$line" = -sh ] && kill -9 \${process#/proc/}
    line=
  done
fi
(
  set +e
  rmdir /run/old
  [ $# -gt 0 ] || exit 0
  [ -d "$cwd" ] || mkdir -p "$cwd"
  cd "$cwd"
  if [ -n "$user" ]; then
    # It takes a program by its path, and refuses to start what already runs: told by a file that is not there.
    program=$(command -v -- "$1") || program=$1
    shift
    setsid start-stop-daemon -S -q -c "$user" -p /run/none -x "$program" -- "$@"
  else
    setsid "$@"
  fi
  echo "The image's command ended with code $?"
) < /dev/null >> /var/log/entrypoint.log 2>&1 &
`;

/**
 * Makes the overlay of an image's layers and the first disk the root of everything that runs in the guest, PID 1 and the
 * agent included, and starts the image's command, which writes to `/var/log/entrypoint.log`.
 * `FailedPrecondition` with what the guest says when the layers, the disk or the overlay cannot be mounted.
 */
export async function enterImageRoot(agent: AgentSession, image: VmImage, clock: Clock = systemClock): Promise<void> {
  const { layers, cwd, user, command, env } = image;
  const argv = ['/bin/sh', '-c', script, 'image-root', `${layers.length}`, cwd || '/', user, ...command];
  const message = `The image ${image.reference} was not mounted within ${timeoutMs / 1000} s`;
  const { said, code } = await runInGuest(agent, { argv, env: [...env] }, { clock, timeoutMs, message });
  if (code !== 0) throw refused(image, said || `code ${code}`);
}

function refused({ reference }: VmImage, said: string): SandboxError {
  const message = `The image ${reference} cannot be this machine's root: ${said}`;
  return new SandboxError('FailedPrecondition', message, { details: { image: reference } });
}
