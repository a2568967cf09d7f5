import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** SPDX names of the licences we may ship together with our own Apache-2.0. */
const allowed = new Set([
  '0BSD',
  'Apache-2.0',
  'BlueOak-1.0.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'CC0-1.0',
  'ISC',
  'MIT',
  'Unlicense',
  'Zlib',
]);

/**
 * Licences in words of their own that somebody has read and found to allow what we do, by the package, its version and
 * the digest of their text: another version, or another text, is to be read again.
 * @type {Readonly<Record<string, { sha256: string, terms: string, parts: readonly string[] }>>}
 */
const readLicenses = {
  '@wasmer/sdk 0.16.0': {
    sha256: '6350e730ed61a3ec83b5843634aa0a476505ec9b96792600606ced736835b45c',
    // Shown where programs of WASIX are made (src/ui/text/apps.ts), whoever runs the page.
    terms: 'MIT, and products with more than a million users or dollars a month display the name Wasmer',
    parts: ['pkg/snippets/wasmer-napi-4dc421676e010b84/acorn.LICENSE'],
  },
};

/**
 * What a package's licence comes to, with texts of what else is in it; undefined when it may not be shipped.
 * @param {string} folder
 * @param {{ name: string, version: string, license: unknown }} manifest
 */
function termsOf(folder, { name, version, license }) {
  if (typeof license === 'string' && isAllowed(license)) return { terms: license, texts: [] };
  const known = readLicenses[`${name} ${version}`];
  if (!known) return undefined;
  const sha256 = createHash('sha256')
    .update(readFileSync(join(folder, 'LICENSE')))
    .digest('hex');
  if (sha256 !== known.sha256) return undefined;
  return { terms: known.terms, texts: known.parts.map((part) => readFileSync(join(folder, part), 'utf8').trim()) };
}

/**
 * Whether a licence expression can be met by an allowed licence (SPDX, Annex D, without brackets).
 * @param {string} expression
 */
export function isAllowed(expression) {
  return expression.split(' OR ').some((choice) => choice.split(' AND ').every((name) => allowed.has(name.trim())));
}

/**
 * Folders of the packages that are shipped: everything in the lock file that is not for development only.
 * @param {string} root
 * @returns {readonly string[]}
 */
function shippedPackages(root) {
  /** @type {{ packages: Record<string, { dev?: boolean, devOptional?: boolean }> }} */
  const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'));
  return Object.entries(lock.packages)
    .filter(([path, entry]) => path !== '' && !entry.dev && !entry.devOptional)
    .map(([path]) => path)
    .sort();
}

/**
 * The text of every licence file in a package's folder.
 * @param {string} folder
 */
function licenseFiles(folder) {
  const names = readdirSync(folder).filter((name) => /^(licen[cs]e|copying|notice)/i.test(name));
  return names.sort().map((name) => readFileSync(join(folder, name), 'utf8').trim());
}

/**
 * The licences of all shipped npm packages as one text.
 * @param {string} root the project's folder
 * @throws when a package's licence is unknown or not allowed
 */
export function licenseText(root) {
  const parts = shippedPackages(root).map((path) => {
    const manifest = JSON.parse(readFileSync(join(root, path, 'package.json'), 'utf8'));
    const { name, version, license } = manifest;
    const folder = join(root, path);
    const allowedBy = termsOf(folder, manifest);
    if (!allowedBy) {
      throw new Error(`The licence of ${name} ${version} may not be shipped: ${JSON.stringify(license)}`);
    }
    return [`${name} ${version} (${allowedBy.terms})`, ...licenseFiles(folder), ...allowedBy.texts].join('\n\n');
  });
  return `${parts.join(`\n\n${'-'.repeat(80)}\n\n`)}\n`;
}
