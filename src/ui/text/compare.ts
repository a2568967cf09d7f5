import { formatBytes } from '../../base/bytes';
import type { DeviceKind, DeviceStep, Transfer } from '../../engine/compare/compare-devices';
import type { ComparisonStep } from '../../engine/compare/compare-services';
import type { Form, ImagePart, Surface } from '../../engine/compare/form';
import { formatCount } from '../format';

const forms: Readonly<Record<Form, string>> = { vm: 'VM', container: 'Container', unikernel: 'Unikernel' };
const kinds: Readonly<Record<DeviceKind, string>> = { virtio: 'virtio', emulated: 'Emulated' };

const steps: Readonly<Record<Extract<ComparisonStep, { form: Form }>['step'], (form: string) => string>> = {
  prepare: (form) => `${form}: making ready what its start does not count`,
  start: (form) => `${form}: from nothing to its first answer`,
  load: (form) => `${form}: requests per second`,
  count: (form) => `${form}: memory, image and interface`,
};

const transferSteps: Readonly<Record<DeviceStep['step'], string>> = {
  start: 'starting the machine',
  diskWrite: 'writing to the disk',
  diskRead: 'reading from the disk',
  net: 'fetching a file',
};

function megabytes(bytes: number): string {
  const value = bytes / 1024 / 1024;
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} MB`;
}

/** Words of the comparison. They come with the view that shows them. */
export const compareText = {
  heading: 'Compare',
  about:
    'The same web page, served in three ways and measured now, on this machine. Then the same machine with hardware that is imitated, and with devices thought out for guests.',
  forms,
  kinds,

  services: {
    heading: 'One web service, three ways',
    about: (pageBytes: number) =>
      `A page of ${formatCount(pageBytes)} bytes. The VM and the container have the same image, busybox, and run the same command in it; the unikernel is httpd, a program with its own TCP/IP stack.`,
    run: 'Compare all three',
    again: 'Compare again',
    empty: 'Nothing has been measured yet. It takes about half a minute, longer where little is here yet.',
  },
  devices: {
    heading: 'Full emulation against virtio',
    about:
      'The same machine with the same kernel, once with an NE2000 and an ATA disk that it takes for real ones, once with the network card and the disk of virtio.',
    run: 'Compare the devices',
    again: 'Compare the devices again',
    empty: 'Nothing has been measured yet. Booting with emulated hardware takes a while.',
  },

  cancel: 'Cancel',
  remove: (count: number) => (count === 1 ? 'Remove what it started' : `Remove the ${count} machines it started`),
  removing: 'Removing what it started',
  removed: 'Nothing of the comparison is there any more',
  left: 'What was started goes on running under these names, to be looked at:',
  foreign:
    'These have names that the comparison gives to its machines, and not all were started by its last run in this browser. It begins once they are removed, by the button below, or renamed:',
  removeForeign: (count: number) => (count === 1 ? 'Remove this machine' : `Remove these ${count} machines`),
  markdown: 'Copy as Markdown',
  csv: 'Copy as CSV',
  copied: 'Copied',
  notCopied: 'Could not copy the figures',
  notRemoved: 'Could not remove all of the comparison',
  failed: (what: string) => `It was not measured to the end: ${what}`,
  canceled: 'It was canceled, and what it had started is removed.',
  measuredAt: (when: string) => `Measured ${when}`,
  columns: { form: 'As', bar: 'Beside the others', value: 'Measured' },
  step: (step: ComparisonStep): string =>
    'form' in step ? steps[step.step](forms[step.form]) : 'Fetching the image, if it is not here',
  deviceStep: ({ devices, step }: DeviceStep): string => `${kinds[devices]}: ${transferSteps[step]}`,

  figures: {
    firstAnswer: {
      label: 'Time to the first answer',
      method:
        'From the wish, through making and starting it, to the last byte of the first answer, by the page’s own HTTP client over the network’s gateway. Images are here before. The VM is restored from a prepared snapshot and gets the image as its root; the container starts on a host that runs already.',
      value: (ms: number) => (ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(2)} s`),
    },
    memory: {
      label: 'Memory',
      method:
        'After the requests. VM: what it was given less what its kernel says is available (MemAvailable), so kernel, programs and all. Container: memory.current of its cgroup; the kernel below is its host’s. Unikernel: the linear memory of its module, of what it may grow to.',
      /** As RAM is labelled, of 1024². */
      value: (bytes: number) => megabytes(bytes),
      of: (bytes: number) => `of ${megabytes(bytes)}`,
    },
    image: {
      label: 'Image',
      method:
        'Bytes to be fetched, config and layers, as the manifests in this page’s registry say. Shared: another of the three needs it as well. A snapshot has the kernel in it, already booted.',
      part: ({ reference, bytes, shared }: ImagePart) =>
        `${reference.replace(/^library\//, '')} ${formatBytes(bytes)}${shared ? ' (shared)' : ''}`,
    },
    rate: {
      label: 'Requests per second',
      method: (clients: number, warmUpMs: number, forMs: number) =>
        `${clients} clients of this page ask at the same time, each one request after the other, every one on a connection of its own; every answer is read to its end and must have the page’s length. ${forMs / 1000} s are counted after ${warmUpMs / 1000} s that are not, in which the emulator translates the guest’s code.`,
      value: (rate: number) => `${formatCount(Math.round(rate))}/s`,
    },
    surface: {
      label: 'System calls or imports that it may use',
      method:
        'VM: a program in it asks its kernel for every number from 0 to 511; counted is what is not answered with ENOSYS. These are the guest’s own: its wall is the emulated hardware. Container: the same program in it, less what is refused with EPERM; beside it what the same program counts on its host, and the names that the engine’s seccomp filter lets through with the container’s capabilities. Unikernel: the imports of its module, all that it can ask its host for.',
      value: (surface: Surface): string =>
        surface.kind === 'imports' ? `${surface.names.length} imports` : `${formatCount(surface.calls)} calls`,
      detail: (surface: Surface): string => {
        if (surface.kind === 'imports') return surface.names.join(', ');
        if (surface.kind === 'kernel') return 'of its own kernel';
        return `of the ${surface.kernelCalls} of its host’s kernel; the seccomp filter names ${surface.allowed}, some of them of other kernels`;
      },
    },
  },

  transfers: {
    diskWrite: {
      label: 'Writing to a disk',
      method: (mebibytes: number) =>
        `dd writes ${mebibytes} MiB of zeros to the disk in pieces of 64 KiB, and waits until they are stored (fsync). The second of two rounds counts.`,
    },
    diskRead: {
      label: 'Reading from a disk',
      method: (mebibytes: number) =>
        `dd reads the ${mebibytes} MiB again, after the guest was made to forget them (drop_caches). The second of two rounds counts.`,
    },
    net: {
      label: 'Sending by a network card',
      method: (mebibytes: number) =>
        `The page fetches a file of ${mebibytes} MiB from the guest’s httpd. The second of two rounds counts.`,
    },
  } satisfies Record<Transfer, { label: string; method: (mebibytes: number) => string }>,
  throughput: (bytesPerSecond: number) => `${(bytesPerSecond / 1e6).toFixed(1)} MB/s`,
  interrupts: {
    label: (transfer: string) => `${transfer}: interrupts`,
    method:
      'What /proc/interrupts of the guest counts for the device meanwhile, for each MiB; a line that devices share counts for all of them. It depends less than times do on how busy this computer is.',
    value: (perMiB: number) => `${perMiB < 10 ? perMiB.toFixed(1) : formatCount(Math.round(perMiB))} for each MiB`,
  },
  driver: (driver: string) => `driver ${driver}`,

  limits: {
    heading: 'What an emulator distorts',
    points: [
      'VM and container run on a processor that is a program (v86); the unikernel is WebAssembly, which runs almost as fast as this computer can. On a server all three have the same processor. So compare sizes, starts and interfaces, and not requests per second across them.',
      'A VM on a server has hardware to help it: its guest runs at nearly full speed, and leaves it only for its devices. A hypervisor’s interface is a few dozen kinds of exits and its devices; here it is the emulated PC.',
      'Where virtio is ahead, it is so for the same reason here as there: one access hands over many requests. By how much is another matter: an access to a port costs a call in this browser here and an exit from the guest there, and the guest’s own work is much faster there. A disk by DMA asks for few accesses, too; the NE2000 takes each word by one.',
      'The start of the VM is a snapshot that is restored. Booted, it would take seconds, most of them the kernel’s.',
      'What else this computer does just now counts as well. Compare more than once.',
    ],
  },
  csvHead: ['Figure', 'As', 'Value', 'Unit', 'Detail'],
} as const;
