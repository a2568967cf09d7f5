import type { ImageConfig } from '../formats/image-config';
import type { Descriptor } from '../formats/oci';
import type { Digest } from './content-store';
import type { Platform } from './image';
import type { UnikernelBuilds } from './unikernel';

/** Bytes that an image takes in the store: received blobs and unpacked layers together. */
export interface ImageSize {
  readonly total: number;
  /** Of these, what other images have as well. */
  readonly shared: number;
  /** Of these, what goes when the image goes. */
  readonly unique: number;
}

/** Who needs an image: an instance that was made from it. */
export interface ImageUser {
  readonly id: string;
  /** For people. */
  readonly name: string;
  readonly image: Digest;
}

/** An image of one platform; an index has several. */
export interface ImageVariant {
  readonly platform: Platform;
  readonly manifest: Descriptor;
  /** The digest of its config, which older dockers call the id of the image. */
  readonly config: Digest;
  /** RFC 3339, as its config says. */
  readonly created?: string;
  /** Lowest first. */
  readonly layers: readonly ImageLayer[];
  /** Of a unikernel, which has no layers but this. */
  readonly unikernel?: UnikernelBuilds;
}

/** A layer of an image as it was received, and unpacked. */
export interface ImageLayer {
  readonly digest: Digest;
  readonly diffId: Digest;
}

/** An image or an index of images, as a list shows it. */
export interface ImageSummary {
  /** The digest of its manifest or index. */
  readonly id: Digest;
  readonly descriptor: Descriptor;
  /** In docker's short form: `busybox:latest`. None for one whose name another image has got. */
  readonly references: readonly string[];
  /** Milliseconds since the epoch. */
  readonly addedAt: number;
  /** What is stored of it, best for this machine first; none for an artifact that is no image. */
  readonly variants: readonly ImageVariant[];
  readonly size: ImageSize;
  readonly users: readonly ImageUser[];
}

/** What `docker system df` tells of one kind of thing. Bytes. */
export interface KindUsage {
  readonly count: number;
  /** How many are in use. */
  readonly active: number;
  readonly bytes: number;
  /** What a prune of everything that is not in use frees. */
  readonly reclaimable: number;
}

export interface ImageUsage {
  readonly images: KindUsage;
  /** Layers, each counted once: as they were received, and unpacked. */
  readonly layers: {
    readonly count: number;
    readonly received: number;
    readonly unpacked: number;
    readonly shared: number;
  };
  /** Content that no image has: held by work in flight, or left for the next collection. */
  readonly unnamed: { readonly count: number; readonly bytes: number };
}

/** One line of docker's answer to a removal; references in short form. */
export type RemovedImage = { readonly untagged: string } | { readonly deleted: Digest };

export interface RemovalReport {
  readonly removed: readonly RemovedImage[];
  /** Bytes. */
  readonly reclaimed: number;
}

/** One platform of an image, with all that starting it takes. */
export interface SelectedImage {
  /** The digest of the image or index that was named. */
  readonly id: Digest;
  /** In short form, where it has a name. */
  readonly reference?: string;
  readonly manifest: Digest;
  readonly config: ImageConfig;
  /** Lowest first. */
  readonly layers: readonly ImageLayer[];
  /** Of a unikernel, which has no layers but this. */
  readonly unikernel?: UnikernelBuilds;
}

/** What `docker image inspect` shows, in its words (moby, api/swagger.yaml, ImageInspect). */
export interface ImageInspection {
  readonly Id: Digest;
  readonly RepoTags: readonly string[];
  readonly RepoDigests: readonly string[];
  readonly Parent: '';
  readonly Comment: string;
  readonly Created?: string;
  readonly DockerVersion: '';
  readonly Author: string;
  readonly Config: Readonly<Record<string, unknown>>;
  readonly Architecture: string;
  readonly Variant?: string;
  readonly Os: string;
  /** Bytes: received and unpacked. */
  readonly Size: number;
  readonly GraphDriver: { readonly Data: null; readonly Name: 'overlayfs' };
  readonly RootFS: { readonly Type: 'layers'; readonly Layers: readonly Digest[] };
  /** RFC 3339. */
  readonly Metadata: { readonly LastTagTime: string };
  readonly Descriptor: Descriptor;
}

/** One line of `docker history`, newest first. */
export interface HistoryLine {
  /** Of the newest line the image's; of the others nobody knows it. */
  readonly id: Digest | undefined;
  /** RFC 3339. */
  readonly created?: string;
  readonly createdBy: string;
  readonly comment: string;
  /** Bytes of the layer, unpacked; 0 for one that changed no files. */
  readonly size: number;
  readonly references: readonly string[];
}

/** An image that an archive had. */
export interface LoadedImage {
  readonly id: Digest;
  /** In short form. */
  readonly references: readonly string[];
}
