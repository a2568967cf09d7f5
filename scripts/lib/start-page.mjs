import { parseArgs } from 'node:util';
import { startServer } from '../serve/server.mjs';
import { ensureSite } from './build-site.mjs';
import { ensurePackages } from './install.mjs';
import { registryDir, siteDir } from './paths.mjs';

const usage = `Usage: npm start -- [--host ADDRESS] [--port PORT]
  --host  address to listen on; 127.0.0.1, this machine alone, unless said
  --port  first port to try; 8080 unless said`;

/** Ports tried after a busy one. */
const neighbours = 20;

function readOptions() {
  const { values } = parseArgs({
    options: { host: { type: 'string' }, port: { type: 'string' }, help: { type: 'boolean' } },
  });
  const port = Number(values.port ?? 8080);
  if (!Number.isInteger(port) || port < 0 || port > 65535) throw new Error(`Not a port: ${values.port}`);
  return { host: values.host ?? '127.0.0.1', port, help: values.help ?? false };
}

/** Installs, builds and serves what is missing of each, then says where the page is. */
export async function startPage() {
  const { host, port, help } = readOptions();
  if (help) return console.log(usage);
  await ensurePackages();
  await ensureSite();
  const server = await startServer({ site: siteDir, registry: registryDir, host, port, neighbours });
  if (port !== 0 && server.port !== port) {
    console.log(
      `Port ${port} is busy. A browser keeps its data by address: what was saved under ${port} is not shown here`,
    );
  }
  console.log(`Strata is at ${server.url} (Ctrl+C ends it)`);
  const stop = async () => {
    await server.close();
    process.exit(0);
  };
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
}
