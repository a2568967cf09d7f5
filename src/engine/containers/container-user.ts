import type { OciProcess } from '../../api/oci-runtime';
import { SandboxError } from '../../base/errors';

/** Who a process runs as, with what `login` would have told it. */
export interface ContainerUser {
  readonly user: OciProcess['user'];
  readonly home: string;
}

/** Texts of `/etc/passwd` and `/etc/group`; empty where there are none. */
export interface UserDatabase {
  readonly passwd: string;
  readonly group: string;
}

/**
 * What docker makes of `user`, `uid`, `user:group` and `uid:gid` (moby, daemon/oci_linux.go; runc's libcontainer/user).
 * Numbers need no entry. `InvalidArgument` for a name that nobody has.
 */
export function resolveUser(text: string, { passwd, group }: UserDatabase, groupAdd: readonly string[]): ContainerUser {
  const users = lines(passwd).map(([name = '', , uid = '', gid = '', , home = '']) => ({
    name,
    uid: Number(uid),
    gid: Number(gid),
    home,
  }));
  const groups = lines(group).map(([name = '', , gid = '', members = '']) => ({
    name,
    gid: Number(gid),
    members: members.split(','),
  }));
  const [userPart = '', groupPart = ''] = text.split(':');
  const wanted = readNumber(userPart === '' ? '0' : userPart);
  const entry = users.find(({ name, uid }) => name === userPart || uid === wanted);
  if (!entry && wanted === undefined) {
    throw invalid(`unable to find user ${userPart}: no matching entries in passwd file`);
  }
  const groupOf = (name: string): number => {
    const found = groups.find((each) => each.name === name)?.gid ?? readNumber(name);
    if (found === undefined) throw invalid(`Unable to find group ${name}: no matching entries in group file`);
    return found;
  };
  const gid = groupPart === '' ? (entry?.gid ?? 0) : groupOf(groupPart);
  // A group that was asked for takes the place of those that the user is in.
  const own = groupPart === '' && entry ? groups.filter(({ members }) => members.includes(entry.name)) : [];
  const additional = new Set([gid, ...own.map((each) => each.gid), ...groupAdd.map(groupOf)]);
  return {
    user: { uid: entry?.uid ?? wanted ?? 0, gid, additionalGids: [...additional] },
    home: entry?.home || '/',
  };
}

function lines(text: string): readonly (readonly string[])[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => line.split(':'));
}

/** Ids are 31 bits, as runc has it. */
function readNumber(text: string): number | undefined {
  return /^\d{1,10}$/.test(text) && Number(text) < 2 ** 31 ? Number(text) : undefined;
}

function invalid(message: string): SandboxError {
  return new SandboxError('InvalidArgument', message);
}
