import type { InstanceSpec } from '../api/instance';
import { toHex } from '../base/bytes';
import { SandboxError } from '../base/errors';
import type { DisposableStore } from '../base/lifecycle';
import { Activator } from './activator';
import { Autosave } from './autosave';
import { Drivers } from './drivers';
import { Fleet } from './fleet';
import { ImageHolds, imageUsers, type LabImages } from './image-holds';
import { InstanceActions } from './instance-actions';
import { InstanceCreation } from './instance-creation';
import type { LabAction } from './instance-record';
import { InstanceVerbs } from './instance-verbs';
import { LabDisks } from './lab-disks';
import { LabEngine, type LabEngineOptions } from './lab-engine';
import { LabGateways } from './lab-gateways';
import { LabLayout } from './lab-layout';
import { LabModules } from './lab-modules';
import type { LabOptions } from './lab-options';
import { LabShares } from './lab-shares';
import { LabSnapshots } from './lab-snapshots';
import { LabStations } from './lab-stations';
import { LabVolumes } from './lab-volumes';
import { MachineCopies } from './machine-copies';
import { Networks } from './networks';
import { Revivals } from './revivals';
import { Snapshots } from './snapshots';
import { StatSampler } from './stat-sampler';
import { StoreWatch } from './store-watch';
import { Tasks } from './tasks';

/** The parts of a lab, by what they know and do. */
export interface LabParts {
  readonly tasks: Tasks<LabAction>;
  readonly store: StoreWatch;
  readonly networks: Networks;
  readonly gateways: LabGateways;
  readonly fleet: Fleet;
  readonly creation: InstanceCreation;
  readonly verbs: InstanceVerbs;
  readonly activator: Activator;
  readonly revivals: Revivals;
  readonly autosave: Autosave;
  readonly sampler: StatSampler;
  readonly snapshots: Snapshots;
  readonly snapshotVerbs: LabSnapshots;
  readonly labDisks: LabDisks;
  readonly volumes: LabVolumes;
  readonly shares: LabShares;
  readonly modules: LabModules;
  readonly engine: LabEngine;
  readonly stations: LabStations;
  readonly layout: LabLayout;
  readonly randomId: () => string;
}

/** What the lab itself gives its parts. */
export interface LabTies extends Pick<LabEngineOptions, 'opened' | 'lab' | 'failed'> {
  /** Ends the parts with the lab, the last first. */
  readonly disposables: DisposableStore;
}

const usualStopGraceMs = 10_000;

/** Puts the parts of a lab together; there is nothing in them yet. */
export function assembleLab(options: LabOptions, ties: LabTies): LabParts {
  const { opened, lab, failed, disposables } = ties;
  const { clock, records, blobs, disks, randomBytes, artifacts, containerHosts, hostPorts } = options;
  const { switch: wire, stopGraceMs = usualStopGraceMs, removeGraceMs, egress, engineApi } = options;
  const randomId = (): string => toHex(randomBytes(6));
  const session = randomId();
  const names = { clock, randomId };
  const stores = { records, blobs, disks };
  const images = (): Promise<LabImages> => imagesOf(options);

  const tasks = new Tasks<LabAction>(clock);
  const drivers = new Drivers(options.drivers);
  const store = disposables.add(new StoreWatch(options.store));
  const networks = disposables.add(new Networks(options));
  const snapshots = new Snapshots({ ...stores, ...names });
  const specs = (): readonly InstanceSpec[] => [...fleet.specs(), ...snapshots.list().map(({ spec }) => spec)];
  const labDisks = disposables.add(new LabDisks({ ...stores, ...names, artifacts, store, specs, failed }));
  const shares = new LabShares({ shares: options.shares, session, storeLost: store.lost, ...names, failed });
  const fleet: Fleet = disposables.add(
    new Fleet({
      drivers,
      ...stores,
      networks,
      book: labDisks.book,
      createDisk: (spec) => labDisks.create(spec),
      attachDisks: (ids) => labDisks.attachments.attach(ids),
      attachShares: (wanted) => shares.attach(wanted),
      ...names,
    }),
  );
  const holdImages = (): Promise<void> => holds.follow();
  const engine = new LabEngine({
    opened,
    lab,
    drivers,
    networks,
    images,
    holdImages,
    ...stores,
    artifacts,
    containerHosts,
    hostPorts,
    clock,
    randomBytes,
    failed,
  });
  const containers = (network: string) => engine.directoryOf(network);
  const gateways = disposables.add(
    new LabGateways({ source: options.gateways, fleet, networks, switch: wire, clock, containers, egress, engineApi }),
  );
  const activator = disposables.add(new Activator({ fleet, networks, switch: wire, clock, stopGraceMs }));
  const copies = new MachineCopies({ fleet, snapshots, disks });
  const actions = new InstanceActions(fleet, tasks);
  const autosave = disposables.add(new Autosave({ fleet, copies, snapshots, disks, clock, failed }));
  const revivals = disposables.add(new Revivals({ fleet, actions, activator, copies, snapshots, autosave, disks }));
  const modules = new LabModules(options.unikernels, options.apps);
  const holds = new ImageHolds({
    images,
    users: () => [...imageUsers(fleet.entries(), snapshots.list()), ...engine.imageUsers()],
  });
  // What cannot be told now is told with the next change, or when the lab opens.
  const follow = (): void => void holds.follow().catch(() => {});
  disposables.add(fleet.changes(follow));
  disposables.add(engine.changed(() => gateways.refresh()));
  const stations = disposables.add(new LabStations(fleet, engine));
  disposables.add(snapshots.changes(follow));
  const layout = disposables.add(new LabLayout({ opened, records }));
  const sampler = disposables.add(new StatSampler(clock, () => fleet.running()));
  // They use everything else, so they end first.
  disposables.add(shares);
  disposables.add(engine);

  const parts = {
    tasks,
    store,
    networks,
    gateways,
    fleet,
    activator,
    revivals,
    autosave,
    sampler,
    snapshots,
    labDisks,
    shares,
    modules,
    engine,
    stations,
    layout,
    randomId,
  };
  const inner = { opened, actions, copies, images, holdImages, diskFiles: labDisks.files, clock, ...stores };
  const verbs = new InstanceVerbs({ ...parts, ...inner, stopGraceMs, removeGraceMs });
  const creation = new InstanceCreation({ ...parts, ...inner, verbs });
  const volumes = new LabVolumes({ ...parts, ...inner });
  const snapshotVerbs = new LabSnapshots({ ...parts, ...inner });
  return { ...parts, verbs, creation, volumes, snapshotVerbs };
}

async function imagesOf({ images }: LabOptions): Promise<LabImages> {
  if (!images) throw new SandboxError('Unimplemented', 'There are no images here');
  return images();
}
