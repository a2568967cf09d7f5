import { labMemoryMiB } from './device-memory';
import { LabMemory } from './lab-memory';

/** Of the page that this module is in. */
export const pageMemory = new LabMemory(labMemoryMiB());
