/** Checks public/registry: digests, sizes, references, nothing orphaned, no sudden growth of the tree. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { registryDir } from './lib/paths.mjs';
import { treeGrowthProblem } from './lib/tree-growth.mjs';
import { blobPath, isDigest, readIndex, readManifest } from './serve/oci-layout.mjs';

/** @typedef {import('./serve/oci-layout.mjs').Descriptor} Descriptor */

const manifestTypes = /^application\/vnd\.(oci\.image\.(manifest|index)\.v1|docker\.distribution\.manifest\S*)\+json$/;

/** @returns {Promise<readonly string[]>} what is wrong, nothing when all is well */
export async function verifyArtifacts() {
  const growth = await treeGrowthProblem();
  const present = await stat(join(registryDir, 'index.json')).catch(() => undefined);
  if (!present) {
    console.log('No artefacts in public/registry yet');
    return growth;
  }
  return [...growth, ...(await verifyLayout(registryDir))];
}

/**
 * Checks an OCI image layout (image-spec, image-layout.md).
 * @param {string} dir
 * @returns {Promise<readonly string[]>} what is wrong
 */
export async function verifyLayout(dir) {
  /** @type {string[]} */
  const problems = [];
  const layout = await readFile(join(dir, 'oci-layout'), 'utf8').catch(() => '');
  if (!/"imageLayoutVersion"\s*:\s*"1\.0\.0"/.test(layout))
    problems.push('oci-layout is missing or of another version');
  /** @type {Map<string, number>} sizes of the blobs that are there and are what they are called */
  const sound = new Map();
  for (const name of await readdir(join(dir, 'blobs', 'sha256')).catch(() => [])) {
    const digest = `sha256:${name}`;
    const actual = await sha256(join(dir, 'blobs', 'sha256', name));
    if (actual === digest) sound.set(digest, (await stat(blobPath(dir, digest))).size);
    else problems.push(`${digest} holds ${actual}`);
  }
  /** @type {Set<string>} */
  const reached = new Set();
  const queue = [...(await readIndex(dir))];
  for (let descriptor = queue.pop(); descriptor; descriptor = queue.pop()) {
    problems.push(...problemsOf(descriptor, sound));
    if (reached.has(descriptor.digest)) continue;
    reached.add(descriptor.digest);
    if (sound.has(descriptor.digest)) queue.push(...(await referencesOf(dir, descriptor)));
  }
  for (const digest of sound.keys()) if (!reached.has(digest)) problems.push(`Nothing refers to ${digest}`);
  return problems;
}

/**
 * @param {Descriptor} descriptor
 * @param {ReadonlyMap<string, number>} sound
 */
function problemsOf({ digest, size }, sound) {
  if (!isDigest(digest)) return [`Not a sha256 digest: ${digest}`];
  const actual = sound.get(digest);
  if (actual === undefined) return [`${digest} is referred to but not there, or damaged`];
  return actual === size ? [] : [`${digest} has ${actual} bytes, its descriptor says ${size}`];
}

/**
 * What a manifest or an index refers to; other blobs refer to nothing.
 * @param {string} dir
 * @param {Descriptor} descriptor
 * @returns {Promise<readonly Descriptor[]>}
 */
async function referencesOf(dir, descriptor) {
  if (!manifestTypes.test(descriptor.mediaType)) return [];
  const { config, layers = [], manifests = [] } = await readManifest(dir, descriptor);
  return [...(config ? [config] : []), ...layers, ...manifests];
}

/** @param {string} path */
async function sha256(path) {
  const hash = createHash('sha256');
  for await (const bytes of createReadStream(path)) hash.update(bytes);
  return `sha256:${hash.digest('hex')}`;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const problems = await verifyArtifacts();
  console.log(problems.length === 0 ? 'Artefacts are sound' : problems.join('\n'));
  process.exitCode = problems.length === 0 ? 0 : 1;
}
