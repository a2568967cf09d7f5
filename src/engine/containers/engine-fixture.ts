import type { SandboxError } from '../../base/errors';
import { type FakeClock, settle } from '../../base/fake-clock';
import { emptyRunConfig } from '../../formats/image-config';
import { SwitchClient } from '../../network/switch-client';
import { switchInThisThread } from '../lab-fixture';
import { Networks } from '../networks';
import type { Stores } from '../stores-fixture';
import { LabContainers } from './engine';
import type { ScriptedHosts } from './scripted-host';

const digest = `sha256:${'a'.repeat(64)}` as const;
const image = {
  id: digest,
  manifest: digest,
  layers: [{ digest, diffId: digest }],
  config: {
    platform: { os: 'linux', architecture: '386' },
    run: { ...emptyRunConfig, cmd: ['sleep', '60'] },
    diffIds: [digest],
    history: [],
  },
};

export interface ScriptedEngineOptions {
  readonly clock: FakeClock;
  readonly stores: Stores;
  readonly hosts: ScriptedHosts;
  readonly failed?: (error: SandboxError) => void;
}

/** The container engine over scripted hosts and one image, with what the stores have of an earlier one. */
export function scriptedEngines({ clock, stores, hosts, failed = () => {} }: ScriptedEngineOptions) {
  let random = 0;
  const randomBytes = (count: number): Uint8Array<ArrayBuffer> =>
    Uint8Array.from({ length: count }, () => {
      random = (random * 75 + 74) % 65537;
      return random;
    });
  return async (): Promise<LabContainers> => {
    const wire = new SwitchClient({ start: () => switchInThisThread(clock), clock });
    const networks = new Networks({ records: stores.records, switch: wire, clock, randomBytes });
    const stored = async (collection: 'networks' | 'reservations') =>
      (await stores.records.list(collection)).map(({ value }) => value) as never;
    networks.adopt(await stored('networks'), await stored('reservations'));
    const engine = new LabContainers({
      hosts,
      unikernels: undefined,
      lab: { folders: unneeded, volumes: unneeded, unikernelDevices: unneeded },
      networks,
      records: stores.records,
      blobs: stores.blobs,
      images: async () =>
        ({
          selectForContainer: async () => image,
          readTexts: async () => ({ '/etc/passwd': 'root:x:0:0::/root:/bin/sh\n' }),
          list: () => [],
          current: async () => [],
          events: () => ({ dispose: () => undefined }),
        }) as never,
      holdImages: async () => undefined,
      clock,
      randomBytes,
      failed,
    });
    await engine.open();
    await settle();
    return engine;
  };
}

async function unneeded(): Promise<never> {
  throw new Error('No container here has a bind mount, and none is a unikernel');
}
