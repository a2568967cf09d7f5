import { runApp } from './app';

// Learners and tests reach the lab from the browser's console: strata.lab.list().
Object.assign(globalThis, { strata: runApp() });
