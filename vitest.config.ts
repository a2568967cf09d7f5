import { playwright } from '@vitest/browser-playwright';
import { defineConfig } from 'vitest/config';
import { chromiumLaunch } from './scripts/lib/chromium.mjs';
import { LongFirst } from './scripts/lib/long-first.mjs';

const seconds = 1000;

/** What `expect.poll` waits at most, a hang guard too: vitest's own is one second. */
const patient = { poll: { timeout: 60 * seconds } };

/** Projects that run in Node; the times are hang guards, not figures. */
function nodeProject(name: string, include: readonly string[], testTimeout: number, globalSetup: string[] = []) {
  return {
    test: {
      name,
      include: [...include],
      exclude: ['**/node_modules/**', '**/*.browser.test.ts'],
      environment: 'node' as const,
      testTimeout,
      hookTimeout: testTimeout,
      globalSetup,
      expect: patient,
    },
  };
}

const builtSite = ['./scripts/lib/site-setup.mjs'];

const folders = ['src', 'scripts', 'images', 'bench'];

export default defineConfig({
  test: {
    // What a run prints is all that is left of a failure on another machine: a string that did not match, whole.
    chaiConfig: { truncateThreshold: 0 },
    sequence: { sequencer: LongFirst },
    projects: [
      nodeProject(
        'unit',
        folders.map((folder) => `${folder}/**/*.test.ts`),
        // A codec takes its 100,000 inputs in two seconds, and on a machine that does much else in half a minute.
        120 * seconds,
      ),
      nodeProject('integration', ['test/integration/**/*.test.ts'], 120 * seconds),
      nodeProject('conformance', ['test/conformance/**/*.test.ts'], 60 * seconds),
      nodeProject('security', ['test/security/**/*.test.ts'], 120 * seconds, builtSite),
      nodeProject('e2e', ['test/e2e/**/*.test.ts'], 120 * seconds, builtSite),
      {
        // What is only found in the middle of a run would make the page of its tests load anew, which then never end.
        optimizeDeps: { include: ['v86'] },
        test: {
          name: 'browser',
          include: ['src/**/*.browser.test.ts'],
          testTimeout: 120 * seconds,
          expect: patient,
          browser: {
            enabled: true,
            headless: true,
            screenshotFailures: false,
            provider: playwright({ launchOptions: chromiumLaunch }),
            instances: [{ browser: 'chromium' }],
          },
        },
      },
    ],
  },
});
