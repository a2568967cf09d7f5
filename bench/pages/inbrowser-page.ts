import { connect } from '../../src/rpc/control';
import { browserSpawner } from '../../src/rpc/spawn-browser';
import type { InbrowserMachine } from './inbrowser-worker';
import machineWorkerUrl from './inbrowser-worker.ts?worker&url';

/** What the bench calls from outside. */
export interface InbrowserBench {
  /** Starts a server and a client. */
  boot(): Promise<void>;
  /** Seconds that the client takes to fetch 32 MB from the server. */
  transfer(): Promise<number>;
}

const spawn = browserSpawner(machineWorkerUrl);
const start = (name: string) => connect<InbrowserMachine>(spawn(name).port).remote;
const [server, client] = [start('server'), start('client')];

const bench: InbrowserBench = {
  async boot() {
    await Promise.all([server.boot(), client.boot()]);
    const join = (host: number): string => `ip addr add 10.9.0.${host}/24 dev eth0 && ip link set eth0 up`;
    await server.run(`mkdir -p /tmp/www && truncate -s 32M /tmp/www/file && ${join(1)} && httpd -h /tmp/www`);
    await client.run(`mount -t devtmpfs dev /dev && ${join(2)}`);
  },
  async transfer() {
    const begun = performance.now();
    await client.run('wget -q -O /dev/null http://10.9.0.1/file');
    return (performance.now() - begun) / 1000;
  },
};
Object.assign(globalThis, { bench });
