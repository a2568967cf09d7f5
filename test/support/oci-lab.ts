import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { packTar } from 'modern-tar';
import { readLayer, readManifest, readReferences } from '../../images/lib/oci-layout';
import { rootDirectory } from '../../images/lib/paths';
import type { Process, TerminalSize } from '../../src/api/instance';
import type { VmInstance } from '../../src/runtime/vm/vm-instance';
import { createNodeLab, type Outcome, shell } from './node-lab';

type Json = Readonly<Record<string, unknown>>;

/** The runtime as it was built last here, or, where nobody builds, as it is shipped. */
function ociRuntime(): Uint8Array {
  const directories = ['build/registry', 'public/registry'].map((path) => join(rootDirectory, path));
  for (const directory of directories.filter((path) => existsSync(join(path, 'index.json')))) {
    const found = readReferences(directory).get('strata/oci-runtime:1');
    const layer = found && readManifest(directory, found).layers[0];
    if (layer) return readLayer(directory, layer);
  }
  throw new Error('There is no OCI runtime: npm run images -- --only oci-runtime');
}

export type Runtime = 'strata-oci' | 'crun';

/** A container host with the runtime in it, `serve` running, and a root file system of busybox at `rootfs`. */
export interface OciHost {
  readonly vm: VmInstance;
  readonly serve: ServeClient;
  /** Ends `serve` as a lost connection would, and starts another one. */
  restartServe(): Promise<void>;
  /** Runs a shell command on the host. */
  sh(command: string): Promise<Outcome>;
  /** Writes a bundle, without starting anything. */
  bundle(id: string, config: Json): Promise<string>;
  start(id: string, config: Json, options?: RunOptions): Promise<Process>;
  /** Runs a container to its end. */
  run(id: string, config: Json, options?: RunOptions): Promise<Outcome>;
  dispose(): Promise<void>;
}

export interface RunOptions {
  readonly runtime?: Runtime;
  readonly terminal?: TerminalSize;
}

export const rootfs = '/srv/rootfs';

const makeRoot = `
set -e
mkdir -p ${rootfs}/bin ${rootfs}/etc ${rootfs}/root ${rootfs}/tmp ${rootfs}/home/alice
cp /bin/busybox ${rootfs}/bin/busybox
for name in $(/bin/busybox --list); do [ -e ${rootfs}/bin/$name ] || ln -s busybox ${rootfs}/bin/$name; done
printf 'root:x:0:0:root:/root:/bin/sh\\nalice:x:1000:1000:Alice:/home/alice:/bin/sh\\n' > ${rootfs}/etc/passwd
printf 'root:x:0:\\nalice:x:1000:\\nstaff:x:50:alice\\naudio:x:29:bob,alice\\n' > ${rootfs}/etc/group
printf '#!/bin/nothing\\n' > ${rootfs}/bin/orphan; chmod 755 ${rootfs}/bin/orphan
printf '\\0\\0\\0\\0' > ${rootfs}/bin/garbage; chmod 755 ${rootfs}/bin/garbage
ip link add br0 type bridge && ip addr add 10.9.0.1/24 dev br0 && ip link set br0 up
`;

export async function startOciHost(): Promise<OciHost> {
  const lab = await createNodeLab();
  const vm = lab.driver.create({
    kind: 'vm',
    name: 'host',
    memoryMiB: 128,
    devices: 'virtio',
    containerHost: true,
  });
  await vm.start();
  const program = ociRuntime();
  const tar = await packTar([{ header: { name: 'strata-oci', mode: 0o755, size: program.length }, body: program }]);
  await vm.copyIn('/usr/local/bin', new Blob([new Uint8Array(tar)]).stream());
  const sh = (command: string): Promise<Outcome> => shell(vm, command);
  const made = await sh(makeRoot);
  if (made.code !== 0) throw new Error(made.stderr);
  const startServe = async () => new ServeClient(await vm.exec({ argv: ['strata-oci', 'serve'] }));
  let serve = await startServe();
  const bundle = async (id: string, config: Json): Promise<string> => {
    const path = `/srv/bundles/${id}`;
    await serve.call('bundle', { path, config });
    return path;
  };
  const start = async (id: string, config: Json, { runtime = 'strata-oci', terminal }: RunOptions = {}) => {
    const path = await bundle(id, config);
    return vm.exec({ argv: [runtime, 'run', '--bundle', path, id], ...(terminal && { terminal }) });
  };
  return {
    vm,
    get serve() {
      return serve;
    },
    async restartServe() {
      await serve.end();
      serve = await startServe();
    },
    sh,
    bundle,
    start,
    run: async (id, config, options) => outcome(await start(id, config, options)),
    async dispose() {
      void serve.ended.catch(() => {});
      void serve.process.exited.catch(() => {});
      await vm.dispose();
      await lab.dispose();
    },
  };
}

/** All that a program wrote, and how it ended. */
export async function outcome(process: Process): Promise<Outcome> {
  void process.stdin.close().catch(() => {});
  const [stdout, stderr, code] = await Promise.all([
    new Response(process.stdout).text(),
    new Response(process.stderr).text(),
    process.exited,
  ]);
  return { code, stdout, stderr };
}

interface ServeEvent {
  readonly event: string;
  readonly container: string;
  readonly [key: string]: unknown;
}

/** The engine's end of `strata-oci serve`. */
export class ServeClient {
  readonly process: Process;
  readonly events: ServeEvent[] = [];
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;
  readonly #answers = new Map<number, (answer: Json) => void>();
  #wake: () => void = () => {};
  #last = 0;
  readonly ended: Promise<void>;

  constructor(process: Process) {
    this.process = process;
    this.#input = process.stdin.getWriter();
    this.ended = this.#read();
  }

  async #read(): Promise<void> {
    const decoder = new TextDecoder();
    let rest = '';
    for await (const bytes of this.process.stdout) {
      const lines = (rest + decoder.decode(bytes, { stream: true })).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) this.#take(JSON.parse(line));
    }
  }

  #take(message: Json): void {
    if ('event' in message) {
      this.events.push(message as ServeEvent);
      this.#wake();
      return;
    }
    this.#answers.get(message['id'] as number)?.(message);
  }

  /** The result, or a rejection with the error's code and message. */
  async call<T = Json>(call: string, parameters: Json = {}): Promise<T> {
    const id = ++this.#last;
    const answered = new Promise<Json>((resolve) => this.#answers.set(id, resolve));
    await this.#input.write(new TextEncoder().encode(`${JSON.stringify({ id, call, ...parameters })}\n`));
    const answer = await answered;
    this.#answers.delete(id);
    if ('error' in answer) throw Object.assign(new Error(), answer['error']);
    return answer['result'] as T;
  }

  /** The first event of that kind about a container, which may have come already. */
  async event(event: string, container: string): Promise<ServeEvent> {
    for (;;) {
      const found = this.events.find((one) => one.event === event && one.container === container);
      if (found) return found;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  async end(): Promise<number> {
    await this.#input.close();
    await this.ended;
    return this.process.exited;
  }
}

/** Docker's. */
export const defaultCapabilities = [
  ...['CHOWN', 'DAC_OVERRIDE', 'FSETID', 'FOWNER', 'MKNOD', 'NET_RAW', 'SETGID', 'SETUID', 'SETFCAP', 'SETPCAP'],
  ...['NET_BIND_SERVICE', 'SYS_CHROOT', 'KILL', 'AUDIT_WRITE'],
].map((name) => `CAP_${name}`);

const mounts = [
  { destination: '/proc', type: 'proc', source: 'proc', options: ['nosuid', 'noexec', 'nodev'] },
  {
    destination: '/dev',
    type: 'tmpfs',
    source: 'tmpfs',
    options: ['nosuid', 'strictatime', 'mode=755', 'size=65536k'],
  },
  {
    destination: '/dev/pts',
    type: 'devpts',
    source: 'devpts',
    options: ['nosuid', 'noexec', 'newinstance', 'ptmxmode=0666', 'mode=0620', 'gid=5'],
  },
  { destination: '/sys', type: 'sysfs', source: 'sysfs', options: ['nosuid', 'noexec', 'nodev', 'ro'] },
  { destination: '/sys/fs/cgroup', type: 'cgroup', source: 'cgroup', options: ['ro', 'nosuid', 'noexec', 'nodev'] },
  { destination: '/dev/mqueue', type: 'mqueue', source: 'mqueue', options: ['nosuid', 'noexec', 'nodev'] },
  {
    destination: '/dev/shm',
    type: 'tmpfs',
    source: 'shm',
    options: ['nosuid', 'noexec', 'nodev', 'mode=1777', 'size=8m'],
  },
];

export interface ConfigChange {
  readonly process?: Json;
  readonly linux?: Json;
  readonly mounts?: readonly Json[];
  readonly [key: string]: unknown;
}

/** A `config.json` as docker writes it, to run a shell command. */
export function dockerConfig(command: string | readonly string[], change: ConfigChange = {}): Json {
  const { process, linux, mounts: more = [], ...rest } = change;
  const capabilities = {
    bounding: defaultCapabilities,
    effective: defaultCapabilities,
    permitted: defaultCapabilities,
  };
  return {
    ociVersion: '1.0.2',
    hostname: 'inside',
    root: { path: rootfs },
    process: {
      args: typeof command === 'string' ? ['/bin/sh', '-c', command] : command,
      env: ['PATH=/usr/bin:/bin', 'NAME=value'],
      cwd: '/',
      user: { uid: 0, gid: 0, additionalGids: [0, 10] },
      capabilities,
      ...process,
    },
    mounts: [...mounts, ...more],
    linux: {
      namespaces: ['pid', 'network', 'ipc', 'uts', 'mount', 'cgroup'].map((type) => ({ type })),
      resources: { devices: [{ allow: false, access: 'rwm' }] },
      maskedPaths: ['/proc/kcore', '/proc/keys', '/proc/timer_list', '/proc/acpi', '/sys/firmware'],
      readonlyPaths: ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger'],
      ...linux,
    },
    ...rest,
  };
}
