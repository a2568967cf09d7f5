/**
 * How often a device has interrupted, by the guest's /proc/interrupts. A line that several devices share counts for each of
 * them. 0 when nobody drives a device of that name.
 */
export function countInterrupts(table: string, device: string): number {
  let count = 0;
  for (const line of table.split('\n')) {
    const [, counted, rest = ''] = /^\s*\w+:\s+(\d+)\s+(.*)$/.exec(line) ?? [];
    if (counted !== undefined && rest.split(/[\s,]+/).includes(device)) count += Number(counted);
  }
  return count;
}
