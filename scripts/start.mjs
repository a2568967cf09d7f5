import { requireNode } from './lib/require-node.mjs';

requireNode();
const { startPage } = await import('./lib/start-page.mjs');
try {
  await startPage();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
