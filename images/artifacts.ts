import { annotations, mediaTypes } from '../src/formats/oci';
import type { Firmware } from './firmware/build';
import type { OciLayout } from './lib/oci-layout';

/** Names of what a guest boots, in the registry. */
export const references = {
  kernel: 'strata/kernel:6.1',
  firmware: 'strata/firmware:1',
  containerHostInitrd: 'strata/initrd:container-host',
} as const;

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
