/** For vitest's `globalSetup`: files that run at the same time must not each build the page. */
export { ensureSite as setup } from './build-site.mjs';
