import { LabMemory } from './lab-memory';

/** What is assumed where the browser does not say, GiB. */
const assumedGiB = 4;

/** Of the device's memory, what all labs of a page may have together. */
const share = 0.5;

/** Of the page that this module is in. */
export const pageMemory = new LabMemory(deviceMiB() * share);

function deviceMiB(): number {
  // Not in all browsers, and rounded to powers of two up to 8 where it is (W3C Device Memory).
  const { deviceMemory = assumedGiB } = globalThis.navigator as Navigator & { readonly deviceMemory?: number };
  return deviceMemory * 1024;
}
