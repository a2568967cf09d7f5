import type { Operation } from '../../api/operation';
import { throwIfAborted } from '../../base/errors';
import type { Lab } from '../lab';
import { defaultNetwork } from '../networks';
import { guestText } from './guest-text';
import { firstAnswer, getPage, type HttpMeasures } from './http-measures';
import { countInterrupts } from './interrupts';
import { finished } from './lab-task';
import { ownNames } from './own-names';

/** How a guest sees its hardware: devices thought out for guests, or imitations of real ones. */
export const deviceKinds = ['virtio', 'emulated'] as const;
export type DeviceKind = (typeof deviceKinds)[number];

/** Of one kind of transfer. */
export interface TransferFigures {
  readonly bytesPerSecond: number;
  /** Interrupts that the guest's kernel has counted for the device, for each MiB that was moved. */
  readonly interruptsPerMiB: number;
}

export const transfers = ['diskWrite', 'diskRead', 'net'] as const;
export type Transfer = (typeof transfers)[number];

export interface DeviceFigures extends Readonly<Record<Transfer, TransferFigures>> {
  readonly devices: DeviceKind;
  /** The guest's drivers: of its disk, and of its network card. */
  readonly drivers: { readonly disk: string; readonly net: string };
}

export interface DeviceStep {
  readonly devices: DeviceKind;
  readonly step: 'start' | Transfer;
}

export interface DeviceComparison extends HttpMeasures {
  readonly lab: Pick<Lab, 'create' | 'start' | 'instance' | 'connect'>;
  readonly onStep: (step: DeviceStep) => void;
  readonly onFigures: (figures: DeviceFigures) => void;
}

/** What is moved, MiB; the first round is for the emulator to translate the guest's code, and counts for nothing. */
export const amounts = { disk: 8, net: 2, rounds: 2 } as const;

const mebibyte = 1024 * 1024;
const memoryMiB = 64;
const diskMiB = 32;

/** What the drivers of a guest call what they drive. */
const nodes: Readonly<Record<DeviceKind, string>> = { virtio: 'vda', emulated: 'sda' };

/** Starts the same machine with both kinds of devices, one after the other, and measures them. `Canceled` by the signal. */
export async function compareDevices(comparison: DeviceComparison, operation: Operation = {}): Promise<void> {
  for (const devices of deviceKinds) comparison.onFigures(await measure(devices, comparison, operation));
}

async function measure(
  devices: DeviceKind,
  comparison: DeviceComparison,
  operation: Operation,
): Promise<DeviceFigures> {
  const { lab, onStep } = comparison;
  const { signal } = operation;
  const step = (which: DeviceStep['step']): void => {
    throwIfAborted(signal);
    onStep({ devices, step: which });
  };
  step('start');
  const name = ownNames[devices];
  const disks = [{ sizeMiB: diskMiB }];
  const { id, nics } = await lab.create({ kind: 'vm', name, memoryMiB, devices, containerHost: false, disks });
  await finished(lab.start(id), operation);
  const sh = (line: string): Promise<string> => guestText(lab, id, line);
  const drivers = await readDrivers(sh, devices);
  const guest: Guest = { comparison, sh, drivers, node: `/dev/${nodes[devices]}` };
  step('diskWrite');
  const diskWrite = await writeDisk(guest);
  step('diskRead');
  const diskRead = await readDisk(guest);
  step('net');
  const net = await fetchFile(guest, nics[0]?.address ?? '', signal);
  throwIfAborted(signal);
  const { disk, net: card } = drivers;
  return { devices, diskWrite, diskRead, net, drivers: { disk: disk.driver, net: card.driver } };
}

interface Guest {
  readonly comparison: DeviceComparison;
  readonly sh: (line: string) => Promise<string>;
  readonly drivers: Drivers;
  readonly node: string;
}

/** A driver, and what the kernel's table of interrupts calls its device. */
interface Driver {
  readonly driver: string;
  readonly interrupt: string;
}
type Drivers = Readonly<Record<'disk' | 'net', Driver>>;

/** virtio's devices go by their own names there, others by their drivers' or, of a NIC, by their interfaces'. */
async function readDrivers(sh: Guest['sh'], devices: DeviceKind): Promise<Drivers> {
  const link = async (path: string): Promise<string> => (await sh(`basename $(readlink -f ${path})`)).trim();
  const net = await link('/sys/class/net/eth0/device/driver');
  if (devices === 'emulated') {
    return { disk: { driver: 'ata_piix', interrupt: 'ata_piix' }, net: { driver: net, interrupt: 'eth0' } };
  }
  return {
    disk: { driver: await link('/sys/block/vda/device/driver'), interrupt: await link('/sys/block/vda/device') },
    net: { driver: net, interrupt: await link('/sys/class/net/eth0/device') },
  };
}

/** Runs something that moves so many bytes, and again; the last time is what counts. */
async function transfer(
  { comparison: { clock }, sh }: Guest,
  { interrupt }: Driver,
  mebibytes: number,
  work: () => Promise<unknown>,
  before: () => Promise<unknown> = async () => {},
): Promise<TransferFigures> {
  let figures: TransferFigures = { bytesPerSecond: 0, interruptsPerMiB: 0 };
  for (let round = 0; round < amounts.rounds; round += 1) {
    await before();
    const interrupts = async (): Promise<number> => countInterrupts(await sh('cat /proc/interrupts'), interrupt);
    const from = await interrupts();
    const begun = clock.monotonic();
    await work();
    const seconds = (clock.monotonic() - begun) / 1000;
    const counted = (await interrupts()) - from;
    figures = { bytesPerSecond: (mebibytes * mebibyte) / seconds, interruptsPerMiB: counted / mebibytes };
  }
  return figures;
}

function writeDisk(guest: Guest): Promise<TransferFigures> {
  const line = `dd if=/dev/zero of=${guest.node} bs=64k count=${amounts.disk * 16} conv=fsync`;
  return transfer(guest, guest.drivers.disk, amounts.disk, () => guest.sh(line));
}

function readDisk(guest: Guest): Promise<TransferFigures> {
  const line = `dd if=${guest.node} of=/dev/null bs=64k count=${amounts.disk * 16}`;
  // Else it is read from what the guest remembers.
  const forget = (): Promise<string> => guest.sh('echo 3 > /proc/sys/vm/drop_caches');
  return transfer(guest, guest.drivers.disk, amounts.disk, () => guest.sh(line), forget);
}

async function fetchFile(guest: Guest, address: string, signal: AbortSignal | undefined): Promise<TransferFigures> {
  const { comparison, sh, drivers } = guest;
  const service = { network: defaultNetwork.name, endpoint: { address, port: 80 } };
  await sh(`mkdir -p /tmp/www && dd if=/dev/zero of=/tmp/www/file bs=64k count=${amounts.net * 16}`);
  await sh('echo > /tmp/www/index.html && httpd -p 80 -h /tmp/www');
  await firstAnswer(comparison, service, signal);
  return transfer(guest, drivers.net, amounts.net, () => getPage(comparison, service, '/file', signal));
}
