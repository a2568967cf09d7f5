import { packTar, type TarEntry, unpackTar } from 'modern-tar';
import type { Instance } from '../../src/api/instance';
import { systemClock } from '../../src/base/clock';
import { SandboxError } from '../../src/base/errors';
import { createDiskClient } from '../../src/engine/disk-client';
import { Images } from '../../src/engine/images';
import { createLab, type Lab } from '../../src/engine/lab';
import { Registries } from '../../src/engine/registries';
import {
  type ArtifactLoader,
  createBlobClient,
  createRecordClient,
  createShareClient,
} from '../../src/engine/store-client';
import { SwitchClient } from '../../src/network/switch-client';
import type { SwitchService } from '../../src/network/switch-service';
import { connect, expose, type Remote } from '../../src/rpc/control';
import { nodeSpawner } from '../../src/rpc/spawn-node';
import { createMemoryContentStore } from '../../src/storage/open-content-store';
import { StoreService } from '../../src/storage/store-service';
import { openTemplateRegistry } from './disk-templates';
import { createNodeLab, type NodeLab } from './node-lab';

export interface ImageLab {
  readonly lab: Lab;
  readonly images: Images;
  readonly registries: Registries;
  readonly nodes: NodeLab;
  readonly remote: Remote<StoreService>;
  /** Size of the file systems that it has, MiB. */
  readonly diskMiB: number;
  /** One more lab over the same store, as a later page has it; whoever makes it closes it. */
  openLab(): Promise<Lab>;
  dispose(): Promise<void>;
}

/** A whole lab with real guests and images, everything that is stored in one store in memory behind a port. */
export async function createImageLab(
  artifacts: (loader: ArtifactLoader) => ArtifactLoader = (loader) => loader,
): Promise<ImageLab> {
  const diskMiB = 64;
  const nodes = await createNodeLab();
  const opened = createMemoryContentStore({});
  const service = new StoreService({ open: async () => opened });
  await service.open('http://localhost/');
  const { port1, port2 } = new MessageChannel();
  expose(service, port1);
  const { remote, close } = connect<StoreService>(port2);
  const registry = await openTemplateRegistry([diskMiB]);
  const images = new Images({ remote });
  const registries = new Registries({ remote });
  await images.open();
  const spawnSwitch = nodeSpawner(new URL('../../workers/switch.node.ts', import.meta.url));
  const openLab = async (): Promise<Lab> => {
    const lab = createLab({
      drivers: [nodes.driver],
      records: createRecordClient(remote),
      blobs: createBlobClient(remote),
      disks: createDiskClient(remote),
      shares: createShareClient(remote),
      artifacts: artifacts(registry.loader),
      containerHosts: { diskMiB, warmUpRuns: 0 },
      images: async () => images,
      switch: new SwitchClient({
        start: () => nodes.supervisor.spawn<SwitchService>(spawnSwitch, 'switch'),
        clock: systemClock,
      }),
      clock: systemClock,
      randomBytes: (count) => crypto.getRandomValues(new Uint8Array(count)),
      removeGraceMs: 0,
    });
    await lab.open();
    return lab;
  };
  const lab = await openLab();
  return {
    lab,
    openLab,
    images,
    registries,
    nodes,
    remote,
    diskMiB,
    async dispose() {
      await lab.close();
      await nodes.dispose();
      images.dispose();
      await service.close();
      close(new SandboxError('Aborted', 'The test is over'));
      port1.close();
      await registry.dispose();
    },
  };
}

const links = [
  'sh',
  'ls',
  'cat',
  'id',
  'echo',
  'sleep',
  'hostname',
  'mount',
  'stat',
  'sync',
  'date',
  'start-stop-daemon',
];

/** The tar of a small root file system, of the busybox that a guest of ours has. */
export async function busyboxRoot(guest: Instance): Promise<Uint8Array<ArrayBuffer>> {
  const copied = new Uint8Array(await new Response(await guest.copyOut('/bin/busybox')).arrayBuffer());
  const [busybox] = await unpackTar(copied);
  if (!busybox?.data) throw new Error('The guest has no busybox');
  const folder = (name: string): TarEntry => ({ header: { name, type: 'directory', mode: 0o755, size: 0 } });
  const file = (name: string, text: string): TarEntry => ({
    header: { name, mode: 0o644, size: text.length },
    body: text,
  });
  return packTar([
    folder('bin/'),
    { header: { name: 'bin/busybox', mode: 0o755, size: busybox.data.length }, body: busybox.data },
    ...links.map(
      (name): TarEntry => ({
        header: { name: `bin/${name}`, type: 'symlink', linkname: 'busybox', size: 0 },
      }),
    ),
    folder('etc/'),
    file('etc/os-release', 'NAME=Tested\n'),
    file('etc/passwd', 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/sh\ndaemon:x:1:2::/:\n'),
    file('etc/group', 'root:x:0:\nnogroup:x:65534:\nlp:x:7:root,daemon\ntty:x:5:daemon\n'),
    file('etc/old', 'of the layer below\n'),
    folder('root/'),
  ]);
}
