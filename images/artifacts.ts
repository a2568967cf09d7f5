import { annotations, type Descriptor, mediaTypes } from '../src/formats/oci';
import type { DiskTemplate } from './disks/build';
import type { Firmware } from './firmware/build';
import type { OciLayout } from './lib/oci-layout';
import { serializeTar } from './lib/tar';
import type { Unikernel } from './unikernels/build';

/** Names of what a guest boots, in the registry. */
export const references = {
  kernel: 'strata/kernel:6.1',
  firmware: 'strata/firmware:1',
  containerHostInitrd: 'strata/initrd:container-host',
  disks: 'strata/disk:ext4',
  ociRuntime: 'strata/oci-runtime:1',
  imageRoot: 'strata/image-root:1',
} as const;

/** A unikernel's modules, as they are: the host that serves them compresses them. */
export function putUnikernel(layout: OciLayout, { name, module, asyncify }: Unikernel): void {
  const put = (title: string, bytes: Uint8Array): Descriptor =>
    layout.putBlob(mediaTypes.unikernelLayer, bytes, { [annotations.title]: title });
  layout.putArtifact(`strata/unikernel-${name}:1`, {
    artifactType: mediaTypes.unikernel,
    layers: [put(`${name}.wasm`, module), ...(asyncify ? [put(`${name}.asyncify.wasm`, asyncify)] : [])],
  });
}

export function putKernel(layout: OciLayout, kernel: Uint8Array): void {
  layout.putArtifact(references.kernel, {
    artifactType: mediaTypes.kernel,
    layers: [layout.putCompressed(mediaTypes.kernelLayer, 'bzImage', kernel)],
  });
}

export function putContainerHostInitrd(layout: OciLayout, initrd: Uint8Array): void {
  layout.putArtifact(references.containerHostInitrd, {
    artifactType: mediaTypes.initrd,
    layers: [layout.putCompressed(mediaTypes.initrdLayer, 'initrd.cpio', initrd)],
  });
}

export function putFirmware(layout: OciLayout, { bios, vgaBios }: Firmware): void {
  const roms = { 'bios.bin': bios, 'vgabios-stdvga.bin': vgaBios };
  layout.putArtifact(references.firmware, {
    artifactType: mediaTypes.firmware,
    layers: Object.entries(roms).map(([title, bytes]) =>
      layout.putBlob(mediaTypes.firmwareLayer, bytes, { [annotations.title]: title }),
    ),
  });
}

/** The programs of a container host: that of docs/RUNTIME.md, and the one for files of containers. */
export function putOciRuntime(layout: OciLayout, runtime: Uint8Array, files: Uint8Array): void {
  const programs = { 'strata-oci': runtime, 'strata-files': files };
  layout.putArtifact(references.ociRuntime, {
    artifactType: mediaTypes.ociRuntime,
    layers: Object.entries(programs).map(([title, program]) =>
      layout.putCompressed(mediaTypes.ociRuntimeLayer, title, program),
    ),
  });
}

/** As a tar: what is unpacked in a guest can be run there, what a shell writes cannot before one program more has been. */
export function putImageRoot(layout: OciLayout, program: Uint8Array): void {
  const file = { kind: 'file', bytes: program, mode: 0o700, uid: 0, gid: 0 } as const;
  const tar = serializeTar(new Map([['strata-root', file]]));
  layout.putArtifact(references.imageRoot, {
    artifactType: mediaTypes.imageRoot,
    layers: [layout.putCompressed(mediaTypes.imageRootLayer, 'strata-root.tar', tar)],
  });
}

/** One layer for each size, titled by it in MiB. */
export function putDisks(layout: OciLayout, templates: readonly DiskTemplate[]): void {
  layout.putArtifact(references.disks, {
    artifactType: mediaTypes.disk,
    layers: templates.map(({ sizeMiB, image }) => layout.putCompressed(mediaTypes.diskLayer, String(sizeMiB), image)),
  });
}
