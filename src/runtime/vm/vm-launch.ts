import type { VmSpec } from '../../api/instance';
import type { MachineImage, SavedMachine } from '../../api/machine';
import type { Operation } from '../../api/operation';
import type { VmImage } from '../../api/vm-image';
import { decodeBase64 } from '../../base/base64';
import { type SandboxError, toSandboxError } from '../../base/errors';
import { callback, transfer } from '../../rpc/control';
import { preparedConfig, snapshotMismatches } from './compatibility';
import { machineConfig } from './machine-config';
import { portsOf } from './machine-ports';
import type { FolderMount, Identity, ImageRoot, VmEvent } from './vm-protocol';
import type { VmResources } from './vm-resources';
import type { Surroundings, VmRun } from './vm-run';

export interface LaunchOptions {
  readonly run: VmRun;
  readonly spec: VmSpec;
  readonly resources: Pick<VmResources, 'images' | 'agentProtocol' | 'wasm'>;
  readonly operation: Operation;
  /** Attaches the machine to its networks and disks. */
  readonly attach: () => Promise<Surroundings>;
  /** A new port for the machine's console. */
  readonly console: () => MessagePort;
  /** Who the guest is told that it is; `continued` when it goes on as it was. */
  readonly identity: (continued: boolean) => Identity;
  readonly openScreen: () => Promise<void>;
  readonly onEvent: (event: VmEvent) => void;
}

/** What a machine is started from, and how. */
interface Launch {
  readonly image: MachineImage;
  readonly buffers: ArrayBuffer[];
  readonly continued: boolean;
  /** It has not run before, so its root is still to be made. */
  readonly begins?: boolean;
}

/** Starts the machine from the prepared snapshot. Undefined when it runs; else why that cannot be. */
export async function restorePrepared(options: LaunchOptions): Promise<string | undefined> {
  const { run, spec, operation } = options;
  const { images, agentProtocol } = options.resources;
  const config = preparedConfig(machineConfig(spec));
  const [snapshot, boot] = await Promise.all([
    images.describeSnapshot(config, operation),
    images.describeBoot(config, operation),
  ]);
  if (!snapshot) return 'there is no snapshot for this configuration';
  const mismatches = snapshotMismatches(snapshot, { machine: config, agentProtocol, ...boot });
  if (mismatches.length > 0) return mismatches.join('; ');
  // Making the machine takes its worker as long as the store's takes to read what it is restored from.
  const prepared = prepare(options);
  prepared.catch(() => {});
  const image = await images.loadSnapshot(config, operation);
  operation.onProgress?.({ phase: 'Restoring the snapshot' });
  run.origin = { ...boot, layers: image.layers.map(({ digest }) => digest) };
  try {
    await prepared;
    const buffers = image.layers.map(({ bytes }) => bytes);
    await launch(options, { image, buffers, continued: false, begins: true });
    return undefined;
  } catch (thrown) {
    const error = toSandboxError(thrown);
    if (operation.signal?.aborted || isFinal(error) || run.gone.aborted) throw error;
    return `the snapshot could not be restored (${error.message})`;
  }
}

/** Starts the machine as it was saved. */
export async function restoreSaved(options: LaunchOptions, { config, layers, continued }: SavedMachine): Promise<void> {
  const { kernel, initrd } = config;
  options.run.origin = { kernel, layers: layers.map(({ digest }) => digest), ...(initrd && { initrd }) };
  options.operation.onProgress?.({ phase: 'Restoring the machine' });
  const image = { kind: 'state', layers, console: decodeBase64(config.console) } as const;
  await launch(options, { image, buffers: layers.map(({ bytes }) => bytes), continued });
}

/** Starts the machine from its kernel or firmware. */
export async function bootFromCold(options: LaunchOptions): Promise<void> {
  const { run, spec, operation } = options;
  const { images } = options.resources;
  const config = machineConfig(spec);
  run.origin = { ...(await images.describeBoot(config, operation)), layers: [] };
  const image = await images.loadBoot(config, operation);
  operation.onProgress?.({ phase: image.kernel ? 'Booting the kernel' : 'Starting the BIOS' });
  const { bios, vgaBios, kernel, initrd } = image;
  const buffers = [bios, vgaBios, kernel, initrd].filter((buffer) => buffer !== undefined);
  await launch(options, { image, buffers, continued: false, begins: true });
}

async function launch(options: LaunchOptions, { image, buffers, continued, begins = false }: Launch): Promise<void> {
  const { run, spec, resources } = options;
  const [wasm, surroundings, root] = await Promise.all([
    resources.wasm(),
    options.attach(),
    begins && spec.image ? imageRoot(options, spec.image) : undefined,
  ]);
  const console = options.console();
  const identity = options.identity(continued);
  const mounts = begins ? folderMounts(spec) : [];
  const first = { ...(root && { root }), ...(mounts.length > 0 && { mounts }) };
  const config = machineConfig(spec);
  const request = { config, wasm, image, identity, ...surroundings, continued, ...first };
  const transfers = [...buffers, ...portsOf(surroundings), ...(root ? [root.program] : [])];
  const onEvent = callback(options.onEvent);
  await run.worker.remote.start(transfer(request, transfers), transfer(console, [console]), onEvent);
  await options.openScreen();
  run.launched.resolve();
}

async function prepare({ run, spec, resources }: LaunchOptions): Promise<void> {
  await run.worker.remote.prepare(machineConfig(spec), await resources.wasm());
}

async function imageRoot({ resources }: LaunchOptions, image: VmImage): Promise<ImageRoot> {
  return { image, program: await resources.images.loadRootProgram() };
}

function folderMounts({ shares = [] }: VmSpec): readonly FolderMount[] {
  return shares.flatMap((share) =>
    'folder' in share && share.at !== undefined ? [{ tag: share.tag, at: share.at }] : [],
  );
}

/** What a cold boot would not change: too little memory, or an image that cannot be the root. */
function isFinal({ code, details }: SandboxError): boolean {
  return code === 'ResourceExhausted' || details['image'] !== undefined;
}
