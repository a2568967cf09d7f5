import { SandboxError } from '../../base/errors';

export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/**
 * Who `--chown` means: `user`, `user:group`, by names of the stage's `/etc/passwd` and `/etc/group` or by numbers. A
 * number without a group is the group's as well (Dockerfile reference, "COPY --chown"). `InvalidArgument` for a name that
 * nobody has.
 */
export function resolveOwner(text: string, passwd: string, group: string): Owner {
  const colon = text.indexOf(':');
  const [userPart, groupPart] = colon === -1 ? [text, ''] : [text.slice(0, colon), text.slice(colon + 1)];
  const user = findUser(userPart, passwd);
  return groupPart === '' ? user : { uid: user.uid, gid: findGroup(groupPart, group) };
}

function findUser(name: string, passwd: string): Owner {
  const number = readId(name);
  if (number !== undefined) return { uid: number, gid: number };
  const [, , uid, gid] = findLine(passwd, name);
  const owner = { uid: readId(uid), gid: readId(gid) };
  if (owner.uid !== undefined && owner.gid !== undefined) return { uid: owner.uid, gid: owner.gid };
  throw unknown(`can't find uid for user ${name}: no such user: ${name}`);
}

function findGroup(name: string, group: string): number {
  const found = readId(name) ?? readId(findLine(group, name)[2]);
  if (found !== undefined) return found;
  throw unknown(`can't find gid for group ${name}: no such group: ${name}`);
}

function findLine(text: string, name: string): readonly string[] {
  const lines = text.split('\n').map((line) => line.trim().split(':'));
  return lines.find(([first]) => first === name) ?? [];
}

function readId(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,10}$/.test(text) && Number(text) < 2 ** 31 ? Number(text) : undefined;
}

function unknown(what: string): SandboxError {
  return new SandboxError('InvalidArgument', `unable to convert uid/gid chown string to host mapping: ${what}`);
}
