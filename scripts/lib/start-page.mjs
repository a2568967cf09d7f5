import { parseArgs } from 'node:util';
import { startServer } from '../serve/server.mjs';
import { ensureSite } from './build-site.mjs';
import { ensurePackages } from './install.mjs';
import { previewDir, registryDir, siteDir } from './paths.mjs';

const usage = `Usage: npm start -- [--host ADDRESS] [--port PORT] [--egress ORIGINS]
  --host  address to listen on; 127.0.0.1, this machine alone, unless said
  --port  first port to try; 8080 unless said
  --egress  origins that the page may ask for guests, separated by spaces; none unless said`;

/** Ports tried after a busy one. */
const neighbours = 20;

function readOptions() {
  const { values } = parseArgs({
    options: {
      host: { type: 'string' },
      port: { type: 'string' },
      egress: { type: 'string' },
      help: { type: 'boolean' },
    },
  });
  const port = Number(values.port ?? 8080);
  if (!Number.isInteger(port) || port < 0 || port > 65535) throw new Error(`Not a port: ${values.port}`);
  const connect = (values.egress ?? '').split(/[\s,]+/).filter((each) => each !== '');
  const wrong = connect.find((each) => !/^https?:(\/\/[\w*.:-]+)?$/.test(each));
  if (wrong !== undefined) throw new Error(`Not an origin: ${wrong}`);
  return { host: values.host ?? '127.0.0.1', port, connect, help: values.help ?? false };
}

/** Installs, builds and serves what is missing of each, then says where the page is. */
export async function startPage() {
  const { host, port, connect, help } = readOptions();
  if (help) return console.log(usage);
  await ensurePackages();
  await ensureSite();
  const server = await startServer({
    site: siteDir,
    registry: registryDir,
    previewSite: previewDir,
    host,
    port,
    neighbours,
    headers: { connect },
  });
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
