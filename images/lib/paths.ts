import { join } from 'node:path';

/** The repository's root. */
export const rootDirectory = join(import.meta.dirname, '../..');
export const imagesDirectory = join(rootDirectory, 'images');
/** Everything made on the way; ignored by git and safe to remove. */
export const buildDirectory = join(rootDirectory, 'build');
