import type { Digest } from '../api/content-store';
import type { Platform } from '../api/image';

/** Media types of the OCI image specification v1.1, of docker's schema 2 and of Strata's own artifacts. */
export const mediaTypes = {
  index: 'application/vnd.oci.image.index.v1+json',
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  config: 'application/vnd.oci.image.config.v1+json',
  layer: 'application/vnd.oci.image.layer.v1.tar',
  layerGzip: 'application/vnd.oci.image.layer.v1.tar+gzip',
  layerZstd: 'application/vnd.oci.image.layer.v1.tar+zstd',
  dockerIndex: 'application/vnd.docker.distribution.manifest.list.v2+json',
  dockerManifest: 'application/vnd.docker.distribution.manifest.v2+json',
  dockerConfig: 'application/vnd.docker.container.image.v1+json',
  dockerLayer: 'application/vnd.docker.image.rootfs.diff.tar',
  dockerLayerGzip: 'application/vnd.docker.image.rootfs.diff.tar.gzip',
  dockerLayerZstd: 'application/vnd.docker.image.rootfs.diff.tar.zstd',
  emptyConfig: 'application/vnd.oci.empty.v1+json',
  kernel: 'application/vnd.strata.kernel.v1',
  kernelLayer: 'application/vnd.strata.kernel.bzimage.v1+zstd',
  initrd: 'application/vnd.strata.initrd.v1',
  initrdLayer: 'application/vnd.strata.initrd.cpio.v1+zstd',
  firmware: 'application/vnd.strata.firmware.v1',
  firmwareLayer: 'application/vnd.strata.firmware.rom.v1',
  snapshot: 'application/vnd.strata.snapshot.v1',
  snapshotConfig: 'application/vnd.strata.snapshot.config.v1+json',
  snapshotLayer: 'application/vnd.strata.snapshot.state.v1+zstd',
  unikernel: 'application/vnd.strata.unikernel.v1',
  unikernelLayer: 'application/vnd.strata.unikernel.layer.v1+wasm',
  /** The program that makes containers in a guest: images/oci-runtime. */
  ociRuntime: 'application/vnd.strata.oci-runtime.v1',
  ociRuntimeLayer: 'application/vnd.strata.oci-runtime.program.v1+zstd',
  /** The program that makes an image the root of a machine: images/image-root. */
  imageRoot: 'application/vnd.strata.image-root.v1',
  imageRootLayer: 'application/vnd.strata.image-root.program.v1.tar+zstd',
  /** Empty file systems, one layer for each size: images/disks. */
  disk: 'application/vnd.strata.disk.v1',
  diskLayer: 'application/vnd.strata.disk.image.v1+zstd',
  /** A snapshot that users carry away: engine/snapshot-archive.ts. */
  savedSnapshot: 'application/vnd.strata.saved-snapshot.v1',
  savedSnapshotConfig: 'application/vnd.strata.saved-snapshot.config.v1+json',
  savedSnapshotLayer: 'application/vnd.strata.saved-snapshot.state.v1+gzip',
  savedDiskLayer: 'application/vnd.strata.saved-snapshot.disk.v1+gzip',
} as const;

/** Annotation keys we read or write. */
export const annotations = {
  refName: 'org.opencontainers.image.ref.name',
  /** The whole name, where `refName` is only the tag (containerd, and docker from 25 on). */
  imageName: 'io.containerd.image.name',
  title: 'org.opencontainers.image.title',
  /** On a layer that is stored compressed: digest and size of what comes out. */
  uncompressedDigest: 'dev.strata.uncompressed.digest',
  uncompressedSize: 'dev.strata.uncompressed.size',
} as const;

/** OCI descriptor (image-spec, descriptor.md). */
export interface Descriptor {
  readonly mediaType: string;
  readonly digest: Digest;
  /** Bytes. */
  readonly size: number;
  readonly artifactType?: string;
  readonly annotations?: Readonly<Record<string, string>>;
  /** In an index: what the image is made for. */
  readonly platform?: Platform;
}

/** OCI image manifest (image-spec, manifest.md), or docker's (distribution, manifest-v2-2.md), which is the same. */
export interface Manifest {
  readonly schemaVersion: 2;
  readonly mediaType: typeof mediaTypes.manifest | typeof mediaTypes.dockerManifest;
  readonly artifactType?: string;
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
  readonly annotations?: Readonly<Record<string, string>>;
}

/** OCI image index (image-spec, image-index.md), or docker's list of manifests, which is the same. */
export interface Index {
  readonly schemaVersion: 2;
  readonly mediaType: typeof mediaTypes.index | typeof mediaTypes.dockerIndex;
  readonly manifests: readonly Descriptor[];
  readonly annotations?: Readonly<Record<string, string>>;
}
