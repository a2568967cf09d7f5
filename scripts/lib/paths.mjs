import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The project's folder. */
export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** Where vite puts the page. */
export const siteDir = join(root, 'dist');

/** What preview origins serve: guests' pages are never shown from where the app is. */
export const previewDir = join(root, 'dist-preview');

/** The image layout of everything a guest boots. */
export const registryDir = join(root, 'public', 'registry');
