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
    const { name, version, license } = JSON.parse(readFileSync(join(root, path, 'package.json'), 'utf8'));
    if (typeof license !== 'string' || !isAllowed(license)) {
      throw new Error(`The licence of ${name} ${version} may not be shipped: ${JSON.stringify(license)}`);
    }
    return [`${name} ${version} (${license})`, ...licenseFiles(join(root, path))].join('\n\n');
  });
  return `${parts.join(`\n\n${'-'.repeat(80)}\n\n`)}\n`;
}
