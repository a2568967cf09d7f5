import { findProgram } from './judges.mjs';

/** How tests and benches start Debian's Chromium, as root and without a screen, quiet on the network. */
export const chromiumLaunch = {
  executablePath: findProgram('chromium') ?? '/usr/bin/chromium',
  args: [
    '--no-sandbox',
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
  ],
};
