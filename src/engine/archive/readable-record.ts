import type { NetworkSpec, Reservation } from '../../api/network';
import type { SnapshotRecord } from '../../api/snapshot';
import { hasShape, type Shape } from '../../base/shape';
import { isHostLabel } from '../../formats/host-label';
import { addressNumber } from '../../formats/ip-address';
import type { ArchivedRecord } from '../../formats/lab-document';
import { parseMacAddress } from '../../formats/mac-address';
import { checkNetwork } from '../../network/ipam';
import type { StoredContainer } from '../containers/container-records';
import { reservationKey, type StoredInstance } from '../lab-records';
import { defaultNetwork } from '../networks';

const generation = { disk: '', generation: 0 };
const source = { name: '', digest: '', sizeBytes: 0, 'generation?': generation };
const disk = { sizeMiB: 0, 'format?': 'ext4', 'drive?': '', 'volume?': '', 'source?': source };
const devices = { 'nics?': [{ network: '', 'address?': '' }], 'disks?': [disk] };
const share = { tag: '', 'layer?': '', 'layers?': [''], 'layerStore?': true, 'folder?': '', 'at?': '' };

const vm = {
  kind: 'vm',
  name: '',
  memoryMiB: 0,
  devices: '',
  containerHost: false,
  'spareNics?': 0,
  'shares?': [share],
  'firmware?': { boot: [''] },
  'image?': { reference: '', digest: '', layers: [''], command: [''], env: [''], cwd: '', user: '' },
  'setup?': '',
  ...devices,
};
const unikernel = {
  kind: 'unikernel',
  name: '',
  image: '',
  args: [''],
  config: {},
  memoryMiB: 0,
  'cpus?': 0,
  addressing: '',
  'onDemand?': { idleMs: 0 },
  ...devices,
};
const app = {
  kind: 'app',
  name: '',
  image: '',
  args: [''],
  env: [''],
  files: [{ path: '', digest: '', size: 0 }],
  memoryMiB: 0,
  ...devices,
};

const instance = { id: '', createdAt: 0, disks: [''], 'snapshot?': '', 'ports?': [0], 'revive?': true };

const container = {
  id: '',
  name: '',
  createdAt: 0,
  image: { digest: '', name: '', layers: [''], 'unikernel?': { module: '', 'asyncify?': '' } },
  config: {},
  host: { RestartPolicy: { Name: '' } },
  mounts: [{ kind: '', target: '' }],
  endpoints: [{ network: '', aliases: [''], settings: {} }],
  'placed?': '',
  state: { status: '', exitCode: 0, error: '', oomKilled: false, pid: 0, stopped: false, restarts: 0 },
};

/** What a record must be, by collection: one of these. */
const shapes: Readonly<Record<ArchivedRecord['collection'], readonly Shape[]>> = {
  instances: [vm, unikernel, app].map((spec) => ({ ...instance, spec })),
  networks: [{ name: '', subnet: '', mtu: 0 }],
  reservations: [{ instance: '', nic: 0, network: '', mac: '', address: '' }],
  snapshots: [
    {
      id: '',
      name: '',
      notes: '',
      createdAt: 0,
      'parent?': '',
      instance: '',
      spec: vm,
      config: {
        formatVersion: 1,
        v86: '',
        machine: { memoryMiB: 0, devices: '', containerHost: false },
        kernel: '',
        agentProtocol: 0,
        console: '',
      },
      layers: [''],
      'base?': '',
      size: 0,
      disks: [generation],
      automatic: false,
    },
  ],
  disks: [
    {
      kind: 'volume',
      id: '',
      name: '',
      createdAt: 0,
      disk: '',
      sizeMiB: 0,
      'format?': 'ext4',
      snapshots: [{ generation: 0, name: '', createdAt: 0 }],
    },
  ],
  layouts: [{}],
  containers: [
    container,
    // What is noted of one that was removed while its host did not run.
    { left: true, id: '', host: '' },
    { left: 'volume', id: '', host: '' },
  ],
  containerLogs: [{ container: '', pieces: [{ digest: '', bytes: 0, entries: 0, lastTime: 0 }], tail: '' }],
  containerVolumes: [{ name: '', createdAt: 0, labels: {}, options: {}, anonymous: false, 'placed?': '', 'disk?': '' }],
  containerNetworks: [
    { id: '', name: '', lab: '', createdAt: 0, labels: {}, options: {}, internal: false, attachable: false },
  ],
};

/**
 * Whether a record of an archive is of a form that this version knows, makes sense by itself and stands under its own key.
 * A lab is not opened with any other: it would keep the lab from opening again.
 */
export function isReadable({ collection, key, value }: ArchivedRecord): boolean {
  if (!shapes[collection].some((shape) => hasShape(value, shape))) return false;
  switch (collection) {
    case 'instances': {
      const { id, spec, disks } = value as StoredInstance;
      return key === id && isHostLabel(spec.name) && disks.length === (spec.disks ?? []).length;
    }
    case 'snapshots': {
      const { id, spec, disks } = value as SnapshotRecord;
      return key === id && disks.length === (spec.disks ?? []).length;
    }
    case 'networks': {
      const network = value as NetworkSpec;
      const isDefault = network.name === defaultNetwork.name;
      if (isDefault && network.subnet !== defaultNetwork.subnet) return false;
      return key === network.name && passes(() => checkNetwork(network, isDefault ? [] : [defaultNetwork]));
    }
    case 'reservations': {
      const { mac, address } = value as Reservation;
      const isAddress = passes(() => [parseMacAddress(mac), addressNumber(address)]);
      return key === reservationKey(value as Reservation) && isAddress;
    }
    case 'disks':
      return key === `volume/${(value as { readonly id: string }).id}`;
    case 'layouts':
      return key === 'topology';
    case 'containers':
      return isContainer(value) ? key === value.id : key.startsWith('left-');
    case 'containerLogs':
      return key === (value as { readonly container: string }).container;
    case 'containerVolumes':
      return key === (value as { readonly name: string }).name;
    case 'containerNetworks':
      return key === (value as { readonly id: string }).id;
  }
}

/** A container, and not what is noted of one that is gone. */
export function isContainer(value: unknown): value is StoredContainer {
  return hasShape(value, container);
}

function passes(check: () => unknown): boolean {
  try {
    check();
    return true;
  } catch {
    return false;
  }
}
