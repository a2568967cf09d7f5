import { buildSdk } from './lib/build-sdk.mjs';

await buildSdk();
