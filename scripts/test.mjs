import { requireNode } from './lib/require-node.mjs';

requireNode();
const { testAll } = await import('./lib/test-all.mjs');
process.exitCode = await testAll();
