/** @typedef {{ name: string, width: number, height: number, settings: Record<string, unknown> }} Look */

/** @type {readonly Look[]} */
export const usualLooks = [
  { name: 'light', width: 1280, height: 800, settings: { theme: 'light' } },
  { name: 'dark', width: 1280, height: 800, settings: { theme: 'dark' } },
  { name: 'narrow', width: 390, height: 844, settings: { theme: 'light' } },
];

/** @type {readonly Look[]} */
export const otherLooks = [
  { name: 'contrast', width: 390, height: 844, settings: { theme: 'dark', contrast: 'more' } },
  { name: 'contrast-light', width: 1280, height: 800, settings: { theme: 'light', contrast: 'more' } },
  { name: '320', width: 320, height: 640, settings: { theme: 'dark' } },
  { name: '1920', width: 1920, height: 1080, settings: { theme: 'light' } },
  { name: 'stage', width: 1280, height: 800, settings: { theme: 'dark', stage: true } },
];
