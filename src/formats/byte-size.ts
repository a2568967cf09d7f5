const powers = 'kmgtp';

/** Bytes of a size as docker reads it (go-units, RAMInBytes): `64`, `64k`, `1.5GiB`; units are powers of 1024. */
export function parseByteSize(given: string): number {
  const found = /^(\d+(?:\.\d+)?) ?([kmgtp])?i?b?$/i.exec(given);
  if (!found) throw new Error(`invalid size: '${given}'`);
  const unit = found[2]?.toLowerCase();
  return Math.floor(Number(found[1]) * 1024 ** (unit === undefined ? 0 : powers.indexOf(unit) + 1));
}
