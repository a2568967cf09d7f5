import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The project's folder. */
export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** Where vite puts the page. */
export const siteDir = join(root, 'dist');

/** The image layout of everything a guest boots. */
export const registryDir = join(root, 'public', 'registry');
