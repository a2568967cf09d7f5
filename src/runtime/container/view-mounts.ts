import type { ContainerMount } from '../../api/container-host';
import { pathDepth } from '../../base/path-depth';
import { sourceOf } from './container-bundle';

/** Something of the host's that is mounted into a container's root for the moment. */
export interface ViewMount {
  readonly source: string;
  readonly target: string;
  readonly readOnly: boolean;
}

/** Of a container that does not run; what is mounted on something that is mounted itself comes after it. */
export function viewMounts(mounts: readonly ContainerMount[]): readonly ViewMount[] {
  const found = mounts.flatMap((mount): readonly ViewMount[] =>
    mount.kind === 'file' ? [] : [{ source: sourceOf(mount), target: mount.target, readOnly: mount.readOnly }],
  );
  return found.sort((a, b) => pathDepth(a.target) - pathDepth(b.target));
}

/**
 * In a mount namespace of its own, where nobody else changes the root: `$1` the root, `$2` who owns directories that are made
 * for mounts, `$3` whether nothing else can be written, then source, target and `ro` or `rw` of each mount, `--`, and the
 * program. Links of the root are followed as from inside. A link in the place of a file that is mounted stays as it is.
 */
const mountScript = `
set -e
cd -P "$1"
root=$PWD ids=$2 sealed=$3
shift 3
enter() {
  left=$1 links=0
  cd "$root"
  while [ -n "$left" ]; do
    part=\${left%%/*}
    case $left in
    */*) left=\${left#*/} ;;
    *) left= ;;
    esac
    case $part in
    '' | .) ;;
    ..) [ "$PWD" = "$root" ] || cd -P .. ;;
    *)
      if [ -L "./$part" ]; then
        links=$((links + 1))
        [ $links -le 40 ] || { echo "InvalidArgument: a ring of links" >&2; exit 1; }
        to=$(readlink "./$part")
        case $to in
        /*) cd "$root" ;;
        esac
        left=$to/$left
      else
        [ -e "./$part" ] || { mkdir "./$part" && chown "$ids:$ids" "./$part"; }
        cd -P "./$part"
      fi
      ;;
    esac
  done
}
while [ "$1" != -- ]; do
  if [ -d "$1" ]; then
    enter "$2"
    at=$PWD
  else
    enter "\${2%/*}"
    at=$PWD/\${2##*/}
    [ -e "$at" ] || [ -L "$at" ] || { : > "$at" && chown "$ids:$ids" "$at"; }
  fi
  if [ ! -L "$at" ]; then
    mount -o bind "$1" "$at"
    [ "$3" = rw ] || mount -o remount,bind,ro none "$at"
  fi
  shift 3
done
shift
[ "$sealed" = no ] || mount -o remount,bind,ro none "$root"
cd /
exec "$@"
`;

export interface ViewOfRoot {
  readonly mounts: readonly ViewMount[];
  readonly readOnlyRoot: boolean;
}

/** Runs a command with these mounts in a root; what is mounted ends with the mount namespace. */
export function underMounts(
  root: string,
  { mounts, readOnlyRoot }: ViewOfRoot,
  firstId: number | undefined,
  command: readonly string[],
): readonly string[] {
  const each = mounts.flatMap(({ source, target, readOnly }) => [source, target, readOnly ? 'ro' : 'rw']);
  const how = [root, String(firstId ?? 0), readOnlyRoot ? 'yes' : 'no'];
  return ['/bin/sh', '-c', mountScript, 'strata-mounts', ...how, ...each, '--', ...command];
}
