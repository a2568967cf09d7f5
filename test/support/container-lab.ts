import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { readBlob, readManifest, readReferences } from '../../images/lib/oci-layout';
import { rootDirectory } from '../../images/lib/paths';
import type { ContainerHost, ContainerSpec, HostNews } from '../../src/api/container-host';
import type { Digest } from '../../src/api/content-store';
import type { Process } from '../../src/api/instance';
import type { OciRuntimeConfig } from '../../src/api/oci-runtime';
import { systemClock } from '../../src/base/clock';
import { LabContainerHosts } from '../../src/engine/container-hosts';
import type { Lab } from '../../src/engine/lab';
import type { ArtifactLoader } from '../../src/engine/store-client';
import { StoreService } from '../../src/storage/store-service';
import { createImageLab, type ImageLab } from './image-lab';
import type { Outcome } from './node-lab';

const reference = 'strata/oci-runtime:1';

/** The registry with the programs of hosts: the one that is published, or the one that was built last. */
const registry = ['public/registry', 'build/registry']
  .map((path) => join(rootDirectory, path))
  .find((directory) => {
    const found = readReferences(directory).get(reference);
    return found !== undefined && readManifest(directory, found).layers.length > 1;
  });

export const hasHostPrograms = registry !== undefined;

export interface ContainerLab extends ImageLab {
  readonly hosts: LabContainerHosts;
  /** Those of the page that there is now. */
  currentHosts(): LabContainerHosts;
  /** The page goes, its machines saved, and the next one comes. */
  reload(): Promise<{ readonly lab: Lab; readonly hosts: LabContainerHosts }>;
  /** Loads an image of public/registry, and gives its diffIDs. */
  loadImage(name: string): Promise<readonly Digest[]>;
}

/** Where hosts get their programs from. */
export async function openHostPrograms(): Promise<{ readonly artifacts: ArtifactLoader; close(): Promise<void> }> {
  const programs = new StoreService({
    fetch: async (url) => new Response(new Uint8Array(await readFile(fileURLToPath(String(url))))),
  });
  await programs.open(`${pathToFileURL(registry ?? '').href}/`);
  return {
    artifacts: { resolve: (name) => programs.resolve(name), load: (request) => programs.loadArtifact(request) },
    close: () => programs.close(),
  };
}

export interface ContainerLabOptions {
  readonly warmUpRuns?: number;
}

/** A lab with real guests that run containers, from images of public/registry. */
export async function createContainerLab({ warmUpRuns = 0 }: ContainerLabOptions = {}): Promise<ContainerLab> {
  const made = await createImageLab();
  const { artifacts, close } = await openHostPrograms();
  const hostsOf = (lab: Lab): LabContainerHosts =>
    new LabContainerHosts({ lab, artifacts, clock: systemClock, diskMiB: made.diskMiB, warmUpRuns });
  let [lab, hosts] = [made.lab, hostsOf(made.lab)];
  return {
    ...made,
    hosts,
    currentHosts: () => hosts,
    async reload() {
      await lab.saveForReload();
      hosts.dispose();
      await lab.close();
      lab = await made.openLab();
      hosts = hostsOf(lab);
      return { lab, hosts };
    },
    async loadImage(name) {
      const [loaded] = await made.images.loadFolder(layoutOf(name));
      await made.images.tag(loaded?.id ?? '', name);
      return (await made.images.select(name)).layers.map(({ diffId }) => diffId);
    },
    async dispose() {
      hosts.dispose();
      await lab.close();
      await made.dispose();
      await close();
    },
  };
}

/** An OCI layout of that image alone, as the files of a folder. */
export function layoutOf(name: string): { path: string; content: Blob }[] {
  const directory = join(rootDirectory, 'public/registry');
  const descriptor = readReferences(directory).get(`library/${name}:latest`);
  if (!descriptor) throw new Error(`public/registry has no ${name}`);
  const manifest = readManifest(directory, descriptor);
  const blobs = [descriptor, manifest.config, ...manifest.layers].map((each) => ({
    path: `blobs/sha256/${each.digest.slice('sha256:'.length)}`,
    content: new Blob([Uint8Array.from(readBlob(directory, each))]),
  }));
  const { digest, size, mediaType } = descriptor;
  const index = { schemaVersion: 2, manifests: [{ digest, size, mediaType }] };
  return [
    { path: 'oci-layout', content: new Blob(['{"imageLayoutVersion":"1.0.0"}']) },
    { path: 'index.json', content: new Blob([JSON.stringify(index)]) },
    ...blobs,
  ];
}

/** Docker's default capabilities. */
const capabilities = [
  'CAP_CHOWN',
  'CAP_DAC_OVERRIDE',
  'CAP_FSETID',
  'CAP_FOWNER',
  'CAP_MKNOD',
  'CAP_NET_RAW',
  'CAP_SETGID',
  'CAP_SETUID',
  'CAP_SETFCAP',
  'CAP_SETPCAP',
  'CAP_NET_BIND_SERVICE',
  'CAP_SYS_CHROOT',
  'CAP_KILL',
  'CAP_AUDIT_WRITE',
];

/** What docker would say of a plain container. */
export function plainConfig(
  args: readonly string[],
  more: Partial<OciRuntimeConfig['process']> = {},
): OciRuntimeConfig {
  return {
    ociVersion: '1.0.2',
    hostname: 'box',
    process: {
      user: { uid: 0, gid: 0 },
      args,
      env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'],
      cwd: '/',
      capabilities: { bounding: capabilities, effective: capabilities, permitted: capabilities },
      ...more,
    },
    mounts: [
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
    ],
    linux: {
      namespaces: ['mount', 'network', 'uts', 'pid', 'ipc', 'cgroup'].map((type) => ({ type })),
      resources: { memory: { limit: 32 * 1024 * 1024 }, pids: { limit: 64 } },
    },
  };
}

export function plainContainer(
  id: string,
  layers: readonly Digest[],
  args: readonly string[],
  more: Partial<ContainerSpec> = {},
): ContainerSpec {
  return { id, root: { layers, writable: 'disk' }, mounts: [], nics: [], config: plainConfig(args), ...more };
}

/** Resolves with the first news from now on that is wanted. */
export function nextNews<Kind extends HostNews['kind']>(
  host: ContainerHost,
  kind: Kind,
  id?: string,
): Promise<Extract<HostNews, { readonly kind: Kind }>> {
  return new Promise((resolve) => {
    const listener = host.news((news) => {
      if (news.kind !== kind || (id !== undefined && 'id' in news && news.id !== id)) return;
      listener.dispose();
      resolve(news as Extract<HostNews, { readonly kind: Kind }>);
    });
  });
}

/** Reads a program to its end. */
export async function outcomeOf(process: Process): Promise<Outcome> {
  process.stdin.close().catch(() => {});
  const [stdout, stderr, code] = await Promise.all([
    new Response(process.stdout).text(),
    new Response(process.stderr).text(),
    process.exited,
  ]);
  return { code, stdout, stderr };
}

/** What a process prints, as it comes. */
export function textReader({ stdout }: Pick<Process, 'stdout'>) {
  const reader = stdout.getReader();
  const decoder = new TextDecoder();
  let text = '';
  return {
    /** All that it printed so far, once that is in it. */
    async until(expected: string): Promise<string> {
      while (!text.includes(expected)) {
        const { value, done } = await reader.read();
        if (done) throw new Error(`The process ended with: ${text}`);
        text += decoder.decode(value, { stream: true });
      }
      return text;
    },
  };
}

/** Runs a shell command in a running container. */
export async function execIn(host: ContainerHost, id: string, command: string): Promise<Outcome> {
  const { process } = plainConfig(['/bin/sh', '-c', command]);
  return outcomeOf(await host.exec(id, process));
}
