const decimalUnits = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'];
const binaryUnits = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];

/** A size as docker shows files and images: `2.5MB`, units of 1000, so many digits (go-units, HumanSizeWithPrecision). */
export function humanSize(bytes: number, digits = 4): string {
  return scaled(bytes, 1000, decimalUnits, digits);
}

/** A size as docker shows memory: `1.5GiB`, units of 1024 (go-units, BytesSize). */
export function memorySize(bytes: number): string {
  return scaled(bytes, 1024, binaryUnits, 4);
}

function scaled(bytes: number, base: number, units: readonly string[], digits: number): string {
  let size = bytes;
  let unit = 0;
  while (size >= base && unit < units.length - 1) {
    size /= base;
    unit += 1;
  }
  return `${significant(size, digits)}${units[unit]}`;
}

/** Go's `%.Ng`: so many digits that count, no zeros at the end. */
function significant(value: number, digits: number): string {
  const short = value.toPrecision(digits);
  if (!short.includes('e')) return short.includes('.') ? short.replace(/\.?0+$/, '') : short;
  const [mantissa = '', exponent = ''] = short.split('e');
  const sign = exponent.startsWith('-') ? '-' : '+';
  return `${mantissa.replace(/\.?0+$/, '')}e${sign}${exponent.replace(/^[+-]/, '').padStart(2, '0')}`;
}

const minute = 60;
const hour = 60 * minute;
const day = 24;

/** A time as docker tells it: `About a minute`, `3 weeks` (go-units, HumanDuration). */
export function humanDuration(seconds: number): string {
  const whole = Math.trunc(seconds);
  if (whole < 1) return 'Less than a second';
  if (whole === 1) return '1 second';
  if (whole < minute) return `${whole} seconds`;
  const minutes = Math.trunc(seconds / minute);
  if (minutes === 1) return 'About a minute';
  if (minutes < 60) return `${minutes} minutes`;
  const hours = Math.trunc(seconds / hour + 0.5);
  if (hours === 1) return 'About an hour';
  if (hours < 2 * day) return `${hours} hours`;
  if (hours < 14 * day) return `${Math.trunc(hours / day)} days`;
  if (hours < 60 * day) return `${Math.trunc(hours / day / 7)} weeks`;
  if (hours < 730 * day) return `${Math.trunc(hours / day / 30)} months`;
  return `${Math.trunc(seconds / hour / day / 365)} years`;
}

/** How long ago a time is that the engine told in seconds or as RFC 3339. */
export function ago(time: number | string, nowMs: number): string {
  const then = typeof time === 'number' ? time * 1000 : Date.parse(time);
  return `${humanDuration((nowMs - then) / 1000)} ago`;
}

/** A moment as Go prints it: `2024-05-01 12:00:00 +0000 UTC`. */
export function goTime(time: number | string): string {
  const date = new Date(typeof time === 'number' ? time * 1000 : time);
  return `${date.toISOString().slice(0, 19).replace('T', ' ')} +0000 UTC`;
}

/** Cuts an id to the twelve digits that docker shows. */
export function shortId(id: string): string {
  return id.replace(/^sha256:/, '').slice(0, 12);
}

/** Cuts a text to so many columns, with an ellipsis at the end (docker's formatter.Ellipsis). */
export function ellipsis(text: string, limit: number): string {
  const characters = [...text];
  return characters.length <= limit ? text : `${characters.slice(0, limit - 1).join('')}…`;
}
