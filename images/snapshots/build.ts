import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { MachineConfig, MachineImage, SnapshotConfig } from '../../src/api/machine';
import { formatBytes } from '../../src/base/bytes';
import { agentProtocolVersion } from '../../src/formats/agent';
import { type Descriptor, mediaTypes } from '../../src/formats/oci';
import { v86Version } from '../../src/runtime/vm/v86-internals';
import { canonicalJson } from '../lib/canonical-json';
import { digestOf, inputsDigest, sha256Hex } from '../lib/digest';
import { type OciLayout, readBlob, readLayer, readManifest } from '../lib/oci-layout';
import { rootDirectory } from '../lib/paths';
import { clearKernelLeftovers } from './clear-leftovers';
import { readSnapshotInputs, type SnapshotInputs, withPrograms } from './inputs';
import { saveFreshMachine, verifySnapshot } from './machine';

const flavors: Readonly<Record<string, MachineConfig>> = {
  'strata/snapshot:vm-64': { memoryMiB: 64, devices: 'virtio', containerHost: false },
  'strata/snapshot:host-128': { memoryMiB: 128, devices: 'virtio', containerHost: true },
};

/** How a snapshot is made: when this changes, snapshots are made anew. */
const recipeFiles = ['clear-leftovers.ts', 'machine.ts'];

/** On a snapshot's manifest: the digest of all it was made from. While that is the same, the snapshot is kept. */
const inputsAnnotation = 'dev.strata.snapshot.inputs';

/**
 * Puts a snapshot of a freshly booted machine for each flavor into the layout, of what the layout has. A host of containers has the
 * programs in it that make it one. A snapshot has the time and random
 * numbers in it and never comes out the same twice; so it is made anew only when something it depends on changed,
 * and every one, old or new, is shown to work by a restore and the agent's hello.
 */
export async function buildSnapshots(
  layout: OciLayout,
  before: ReadonlyMap<string, Descriptor>,
  log: (line: string) => void,
): Promise<void> {
  const inputs = readSnapshotInputs(layout);
  for (const [reference, config] of Object.entries(flavors)) {
    const digest = snapshotInputsDigest(config, inputs);
    const found = before.get(reference);
    if (found && readManifest(layout.directory, found).annotations?.[inputsAnnotation] === digest) {
      await verifyStored(layout, found, config);
      layout.keepArtifact(reference, found);
      log(`${reference}: made from the same inputs, restored and answered`);
    } else {
      log(await putSnapshot(layout, reference, config, inputs, digest));
    }
  }
}

async function putSnapshot(
  layout: OciLayout,
  reference: string,
  config: MachineConfig,
  inputs: SnapshotInputs,
  digest: string,
): Promise<string> {
  const saved = await saveFreshMachine(config, bootImage(config, inputs));
  clearKernelLeftovers(saved.state, inputs.kernel);
  await verifySnapshot(config, saved.state.slice(0), saved.console);
  const snapshot: SnapshotConfig = {
    formatVersion: 1,
    v86: v86Version,
    machine: config,
    kernel: digestOf(inputs.kernel),
    ...(config.containerHost && { initrd: digestOf(inputs.initrd) }),
    agentProtocol: agentProtocolVersion,
    console: Buffer.from(saved.console).toString('base64'),
  };
  const layer = layout.putCompressed(mediaTypes.snapshotLayer, 'state', new Uint8Array(saved.state));
  layout.putArtifact(reference, {
    artifactType: mediaTypes.snapshot,
    config: layout.putBlob(mediaTypes.snapshotConfig, canonicalJson(snapshot)),
    layers: [layer],
    annotations: { [inputsAnnotation]: digest },
  });
  const sizes = `${formatBytes(saved.state.byteLength)}, compressed ${formatBytes(layer.size)}`;
  return `${reference}: booted in ${Math.round(saved.bootMs)} ms, ${sizes}, restored and answered`;
}

/** Takes the layer through the decompressor that the page uses. */
async function verifyStored(layout: OciLayout, stored: Descriptor, config: MachineConfig): Promise<void> {
  const manifest = readManifest(layout.directory, stored);
  const [layer] = manifest.layers;
  if (!layer) return;
  const snapshot = JSON.parse(readBlob(layout.directory, manifest.config).toString('utf8')) as SnapshotConfig;
  const state = readLayer(layout.directory, layer);
  await verifySnapshot(config, state.buffer, Buffer.from(snapshot.console, 'base64'));
}

function bootImage(config: MachineConfig, inputs: SnapshotInputs): MachineImage & { kind: 'boot' } {
  const { kernel, firmware } = inputs;
  return {
    kind: 'boot',
    // Copies: v86 writes into the kernel it is given.
    bios: Uint8Array.from(firmware.bios).buffer,
    vgaBios: Uint8Array.from(firmware.vgaBios).buffer,
    kernel: Uint8Array.from(kernel).buffer,
    ...(config.containerHost && { initrd: withPrograms(inputs).buffer }),
  };
}

function snapshotInputsDigest(config: MachineConfig, inputs: SnapshotInputs): string {
  return inputsDigest({
    v86: v86Version,
    machine: canonicalJson(config),
    kernel: digestOf(inputs.kernel),
    initrd: config.containerHost ? digestOf(withPrograms(inputs)) : 'none',
    bios: digestOf(inputs.firmware.bios),
    devices: emulationDigest(),
    recipe: sha256Hex(recipeFiles.map((name) => sha256Hex(readFileSync(join(import.meta.dirname, name)))).join()),
  });
}

/** Our own half of the machine: a state holds the registers of these devices, in the order they were added. */
function emulationDigest(): string {
  const directory = join(rootDirectory, 'src/runtime/vm');
  const devices = readdirSync(join(directory, 'devices')).filter((name) => !name.endsWith('.test.ts'));
  const files = ['machine.ts', ...devices.sort().map((name) => join('devices', name))];
  return sha256Hex(files.map((file) => sha256Hex(readFileSync(join(directory, file)))).join());
}
