import type { Digest } from './content-store';
import type { Platform } from './image';
import type { Operation } from './operation';

/** What happens to a layer, in docker's words (moby, distribution/pull_v2.go and push_v2.go). */
export type PullStatus =
  | 'Pulling fs layer'
  | 'Downloading'
  | 'Retrying'
  | 'Download complete'
  | 'Extracting'
  | 'Pull complete'
  | 'Already exists';
export type PushStatus = 'Preparing' | 'Pushing' | 'Pushed' | 'Layer already exists' | 'Mounted';

/** One layer's line of a pull or a push; a later one of the same id takes its place. */
export interface LayerEvent<Status extends PullStatus | PushStatus> {
  readonly kind: 'layer';
  /** The digest's first 12 digits, as docker shows them. */
  readonly id: string;
  readonly digest: Digest;
  readonly status: Status;
  /** Bytes of what the status says. */
  readonly current?: number;
  readonly total?: number;
}

/** A line of its own: `Digest: sha256:…`. */
export interface MessageEvent {
  readonly kind: 'message';
  readonly text: string;
}

/** Something that people should see although the work goes on. */
export interface WarningEvent {
  readonly kind: 'warning';
  readonly text: string;
}

export type PullEvent = LayerEvent<PullStatus> | MessageEvent | WarningEvent;
export type PushEvent = LayerEvent<PushStatus> | MessageEvent;

/** Who one is at a registry. */
export interface Credentials {
  readonly username: string;
  readonly password: string;
}

/** Credentials by a registry's name as references have it: `docker.io`, `localhost:5000`. */
export type FindCredentials = (registry: string) => Promise<Credentials | undefined>;

/** What a pull does about the signature of an image. */
export type SignatureDemand = 'accept' | 'warn' | 'require';

export interface SignatureRule {
  /**
   * Whole names (`docker.io/library/busybox`), a registry (`registry.example.org`), or everything that begins with what
   * stands before the star (`docker.io/strata/*`, `*`). The longest that fits counts.
   */
  readonly pattern: string;
  readonly demand: SignatureDemand;
  /** Public keys in PEM; a signature by any of them will do. None are needed to accept. */
  readonly keys: readonly string[];
}

/** Rules of which the most particular counts; without one that fits, everything is accepted. */
export interface SignaturePolicy {
  readonly rules: readonly SignatureRule[];
}

/** What is known about the signature of an image. */
export type SignatureState =
  /** No rule asks for one. */
  | { readonly kind: 'unchecked' }
  /** `key` is the digest of the public key (DER) that it was verified with. */
  | { readonly kind: 'signed'; readonly key: Digest; readonly claims: Readonly<Record<string, unknown>> }
  | { readonly kind: 'unsigned' }
  /** There are signatures, and none of them holds. */
  | { readonly kind: 'invalid'; readonly reason: string };

/** What a check of a signature found, and what it was checked with: with other keys it has to be checked again. */
export interface CheckedSignature {
  readonly state: SignatureState;
  /** Digests of the public keys (DER), sorted. */
  readonly keys: readonly Digest[];
}

export interface PullOptions extends Operation {
  /** 386 Linux unless said. */
  readonly platform?: Platform;
  /** In place of the policy that is kept. */
  readonly policy?: SignaturePolicy;
  readonly onEvent?: (event: PullEvent) => void;
}

export interface PulledImage {
  /** Canonical. */
  readonly reference: string;
  /** Of the manifest or index that the reference names. */
  readonly digest: Digest;
  /** Of the manifest of the platform. */
  readonly manifest: Digest;
  readonly signature: SignatureState;
  /** Bytes that came over the network for blobs. */
  readonly transferred: number;
}

export interface PushOptions extends Operation {
  readonly onEvent?: (event: PushEvent) => void;
}
