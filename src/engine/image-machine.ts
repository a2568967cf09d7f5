import type { SelectedImage } from '../api/image-summary';
import type { VmSpec } from '../api/instance';
import { imageShareTag, type VmImage } from '../api/vm-image';
import type { InstanceDraft } from './instance-record';

/** A machine whose root is to be an image. */
export interface ImageMachineWish {
  /** A reference, a digest, or the beginning of an id. */
  readonly image: string;
  readonly name?: string;
  /** RAM in MiB. */
  readonly memoryMiB?: number;
  readonly nics?: VmSpec['nics'];
  /** Takes the place of the image's own command, and goes behind its entrypoint, as the words after `docker run IMAGE` do. */
  readonly command?: readonly string[];
  /** Of the disk for what the machine writes; it takes room only as it is written to. */
  readonly diskMiB?: number;
  /** As of {@link VmSpec}. */
  readonly setup?: string;
}

/** What programs like apt want; a shell alone is content with half of it. */
const usualMemoryMiB = 64;

/** MiB of what a machine with an image writes to. */
export const usualDiskMiB = 8192;

/** Programs that are there anyway: on the machine's console. */
const shells: ReadonlySet<string> = new Set(['sh', 'ash', 'bash', 'dash', 'zsh']);

/** The machine that the wish describes, from what the image's name means now. */
export function imageMachine(selected: SelectedImage, wish: ImageMachineWish): Extract<InstanceDraft, { kind: 'vm' }> {
  const layers = selected.layers.map(({ diffId }) => diffId);
  const { env, workingDir = '/', user = '' } = selected.config.run;
  const image: VmImage = {
    reference: selected.reference ?? wish.image,
    digest: selected.id,
    layers,
    command: commandOf(selected, wish.command),
    env,
    cwd: workingDir,
    user,
  };
  const { name, nics, setup, memoryMiB = usualMemoryMiB, diskMiB = usualDiskMiB } = wish;
  return {
    kind: 'vm',
    memoryMiB,
    devices: 'virtio',
    containerHost: false,
    disks: [{ sizeMiB: diskMiB, format: 'ext4' }],
    shares: [{ tag: imageShareTag, layers }],
    image,
    ...(name !== undefined && { name }),
    ...(nics && { nics }),
    ...(setup !== undefined && { setup }),
  };
}

/** Entrypoint and command, as docker puts them together; nothing where that is only a shell. */
function commandOf({ config }: SelectedImage, command: readonly string[] | undefined): readonly string[] {
  const { entrypoint = [], cmd = [] } = config.run;
  const all = [...entrypoint, ...(command ?? cmd)];
  const program = all[0]?.split('/').at(-1) ?? '';
  return all.length === 1 && shells.has(program) ? [] : all;
}
