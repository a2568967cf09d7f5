import { totalmem } from 'node:os';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { SandboxError, toSandboxError } from '../base/errors';
import { parseListenAddress, serializeListenAddress } from './listen-address';
import { openNodeEngine } from './node-engine-node';

/**
 * `npm run engine -- --listen unix:PATH | tcp://127.0.0.1:PORT [--registry FOLDER] [--memory MIB]`: the container engine with
 * real guests, for docker clients of this machine (docs/ENGINE.md).
 */

/** Share of this machine's memory that guests may have. */
const memoryShare = 0.5;

const { values } = parseArgs({
  options: {
    listen: { type: 'string', multiple: true, default: ['unix:strata.sock'] },
    registry: { type: 'string' },
    memory: { type: 'string' },
  },
});

try {
  const engine = await openNodeEngine({
    listen: values.listen.map(parseListenAddress),
    registry: registryUrl(values.registry),
    memoryBudgetMiB: memoryMiB(values.memory),
  });
  for (const address of engine.addresses) console.log(`DOCKER_HOST=${serializeListenAddress(address)}`);
  const end = async (): Promise<void> => {
    // A second signal ends it whatever is under way.
    process.removeAllListeners('SIGINT').removeAllListeners('SIGTERM');
    await engine[Symbol.asyncDispose]();
    process.exit(0);
  };
  process.once('SIGINT', end).once('SIGTERM', end);
} catch (error) {
  console.error(toSandboxError(error).message);
  process.exit(1);
}

function registryUrl(folder: string | undefined): URL {
  if (folder === undefined) return new URL('../../public/registry/', import.meta.url);
  return pathToFileURL(folder.endsWith('/') ? folder : `${folder}/`);
}

function memoryMiB(text: string | undefined): number {
  if (text === undefined) return Math.floor((totalmem() / 1024 / 1024) * memoryShare);
  if (/^\d{3,6}$/.test(text)) return Number(text);
  throw new SandboxError('InvalidArgument', `Not an amount of memory: ${text}. Give MiB, 256 at least`);
}
