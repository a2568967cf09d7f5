import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { run } from './run.mjs';

/**
 * Programs from outside that some tests ask for their opinion, with the Debian packages each comes in or is used with.
 * @type {readonly { name: string, apt: string }[]}
 */
const judges = [
  { name: 'chromium', apt: 'chromium' },
  { name: 'clang', apt: 'clang' },
  { name: 'docker', apt: 'docker.io' },
  { name: 'docker-compose', apt: 'docker-compose' },
  { name: 'docker-registry', apt: 'docker-registry' },
  { name: 'mke2fs', apt: 'e2fsprogs' },
  { name: 'openssl', apt: 'openssl' },
  { name: 'skopeo', apt: 'skopeo' },
  { name: 'tshark', apt: 'tshark' },
  { name: 'umoci', apt: 'umoci' },
  { name: 'xorriso', apt: 'xorriso isolinux syslinux-common' },
];

/**
 * Path of a program, if it is installed.
 * @param {string} name
 */
export function findProgram(name) {
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter(Boolean);
  return folders.map((folder) => join(folder, name)).find(isExecutable);
}

/** @param {string} path */
function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Names of the judges that are not installed. */
export const missingJudges = () => judges.filter(({ name }) => !findProgram(name)).map(({ name }) => name);

/** Installs missing judges where we may: as root on a machine with apt-get. Elsewhere does nothing. */
export async function installJudges() {
  const missing = missingJudges();
  if (missing.length === 0 || process.getuid?.() !== 0 || !findProgram('apt-get')) return;
  console.log(`Installing ${missing.join(', ')} …`);
  const env = { DEBIAN_FRONTEND: 'noninteractive' };
  const packages = judges.filter(({ name }) => missing.includes(name)).flatMap(({ apt }) => apt.split(' '));
  const updated = await run('apt-get', ['update', '-qq'], { env, capture: true });
  const installed = await run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...packages], {
    env,
    capture: true,
  });
  if (!installed.ok) console.log(`${updated.ok ? '' : updated.output}${installed.output}`);
}
