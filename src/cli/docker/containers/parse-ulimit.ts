import type { Ulimit } from '../../../api/container';

const names = new Set(
  'as core cpu data fsize locks memlock msgqueue nice nofile nproc rss rtprio rttime sigpending stack'.split(' '),
);

/** `nofile=1024:2048`, soft and hard limit (docker's go-units, ParseUlimit). */
export function parseUlimit(given: string): Ulimit {
  const [Name = '', limits, ...more] = given.split('=');
  if (limits === undefined || more.length > 0) throw new Error(`invalid ulimit argument: ${given}`);
  if (!names.has(Name)) throw new Error(`invalid ulimit type: ${Name}`);
  const parts = limits.split(':');
  if (parts.length > 2)
    throw new Error(`too many limit value arguments - ${limits}, can only have up to two, \`soft[:hard]\``);
  const [Soft = 0, Hard = Soft] = parts.map(limitOf);
  if (Hard !== -1 && (Soft === -1 || Soft > Hard)) {
    throw new Error(`ulimit soft limit must be less than or equal to hard limit: ${Soft} > ${Hard}`);
  }
  return { Name, Soft, Hard };
}

function limitOf(text: string): number {
  if (!/^-?\d+$/.test(text)) throw new Error(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`);
  return Number(text);
}
