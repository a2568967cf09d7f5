import { buildPreview } from './lib/build-preview.mjs';

await buildPreview();
