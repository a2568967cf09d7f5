import { parseArgs } from 'node:util';
import { toSandboxError } from '../src/base/errors';
import { rootDirectory } from './lib/paths';
import { signLayout } from './signing/sign-layout';

const usage = `npm run sign-images -- [directory]
Signs what an image layout names by the project's test key; public/registry unless said.`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { help: { type: 'boolean', default: false } },
});
const [directory = `${rootDirectory}/public/registry`] = positionals;
try {
  if (values.help) console.log(usage);
  else console.log(`${directory}: ${await signLayout(directory)} artifacts are signed`);
} catch (error) {
  console.error(toSandboxError(error).message);
  process.exitCode = 1;
}
