/** A share of one, as a percentage for people: 0.4 %, 12 %. */
export function formatShare(share: number): string {
  const percent = share * 100;
  return `${percent < 9.95 ? percent.toFixed(1) : Math.round(percent)} %`;
}

/** Memory, in MB of 1024² as everyone labels RAM: 16 MB. */
export function formatMemory(bytes: number): string {
  return `${Math.round(bytes / 1024 / 1024)} MB`;
}

/** A duration: 0.18 s, 42 s, 3:07, 1:02:33. */
export function formatDuration(ms: number): string {
  if (ms < 10_000) return `${(Math.max(0, ms) / 1000).toFixed(2)} s`;
  const seconds = Math.floor(ms / 1000);
  if (seconds < 60) return `${seconds} s`;
  return clockTime(seconds);
}

/** A running time that ticks: 0:07, 1:02:33. */
export function formatUptime(ms: number): string {
  return clockTime(Math.max(0, Math.floor(ms / 1000)));
}

function clockTime(seconds: number): string {
  const two = (value: number): string => String(value).padStart(2, '0');
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor(seconds / 60) % 60;
  const rest = `${two(seconds % 60)}`;
  return hours > 0 ? `${hours}:${two(minutes)}:${rest}` : `${minutes}:${rest}`;
}

/** Made once: a list of a hundred tasks took 16 ms of making one for each of its times. */
const timeOfDay = new Intl.DateTimeFormat(undefined, { timeStyle: 'medium', hour12: false });

/** The time of day, to the second. */
export function formatTimeOfDay(at: number): string {
  return timeOfDay.format(at);
}

/** A day and a time of day, short: 24 Nov, 07:52. */
export function formatDateTime(at: number): string {
  const options = { day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit', hour12: false } as const;
  return new Date(at).toLocaleString(undefined, options);
}

/** A day of any year: 24 Nov 2026. */
export function formatDate(at: number): string {
  return new Date(at).toLocaleDateString(undefined, { day: 'numeric', month: 'short', year: 'numeric' });
}

/** A count with its thousands apart: 12,345. */
export function formatCount(count: number): string {
  return count.toLocaleString('en');
}
