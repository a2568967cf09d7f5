/** What is assumed where the browser does not say, GiB. */
const assumedGiB = 4;

/** Of the device's memory, what labs may have together. */
const share = 0.5;

/** Memory for labs, MiB. */
export function labMemoryMiB(): number {
  // Not in all browsers, and rounded to powers of two up to 8 where it is (W3C Device Memory).
  const { deviceMemory = assumedGiB } = globalThis.navigator as Navigator & { readonly deviceMemory?: number };
  return deviceMemory * 1024 * share;
}
