import type { AppFile, AppFlavor } from '../api/app';
import type { Digest } from '../api/content-store';
import type { InstanceSpec } from '../api/instance';
import type { UnikernelDevice } from '../api/unikernel';
import { SandboxError } from '../base/errors';
import type { Waiting } from '../runtime/app/program-terminal';
import type { AppLibrary } from './app-library';
import type { ReadDevices, UnikernelLibrary, UnikernelOffer } from './unikernel-library';

/** Where unikernels come from, and what reads their manifests. */
export interface UnikernelHome {
  readonly library: UnikernelLibrary;
  readonly devices: ReadDevices;
}

/** Where apps come from, how their programs wait, and whether memory can be shared. */
export interface AppHome {
  readonly library: AppLibrary;
  readonly waiting: Waiting;
  readonly isolated: boolean;
}

/** A module that a user has brought, and what can be made of it. */
export type BroughtModule = ({ readonly kind: 'unikernel' } & UnikernelOffer) | ({ readonly kind: 'app' } & AppOffer);

/** A program that a user has brought. */
export interface AppOffer {
  /** What it is, in short: the name of its file. */
  readonly name: string;
  readonly image: string;
  readonly flavor: AppFlavor;
  /**
   * What this page lacks for it. `waiting`: a program that waits for what is typed, or for time, cannot go on.
   * `isolation`: it cannot run at all.
   */
  readonly lacks?: 'waiting' | 'isolation';
}

/** The modules of WebAssembly that instances are made of: what the registry has, and what users bring. */
export class LabModules {
  readonly #unikernelHome: UnikernelHome | undefined;
  readonly #appHome: AppHome | undefined;

  constructor(unikernels: UnikernelHome | undefined, apps: AppHome | undefined) {
    this.#unikernelHome = unikernels;
    this.#appHome = apps;
  }

  /** The unikernels that the registry has. */
  async unikernels(): Promise<readonly UnikernelOffer[]> {
    return (await this.#unikernelHome?.library.offers()) ?? [];
  }

  /** What the name of a unikernel in the registry stands for now. */
  async unikernelDigest(reference: string): Promise<Digest> {
    return this.#unikernels().library.digestOf(reference);
  }

  /** The devices that the module of an image declares. Errors as at its start. */
  async unikernelDevices(image: string): Promise<readonly UnikernelDevice[]> {
    return this.#unikernels().devices(image);
  }

  /** Stores a module that a user brings, if it can be run. `InvalidArgument` says why it cannot. */
  async bringUnikernel(file: string, bytes: ArrayBuffer): Promise<UnikernelOffer> {
    const { library, devices } = this.#unikernels();
    return library.bring(file, bytes, devices);
  }

  /** Stores whatever module a user brings: a unikernel, or a program. `InvalidArgument` says why it is neither. */
  async bring(file: string, bytes: ArrayBuffer): Promise<BroughtModule> {
    // Rare, like what it begins: its code comes when it is asked for.
    const { moduleKind } = await import('../runtime/app/module-kind');
    const kind = await moduleKind(new Uint8Array(bytes));
    if (kind === 'unikernel') return { kind, ...(await this.bringUnikernel(file, bytes)) };
    const { library, waiting, isolated } = this.#apps();
    const lacks = kind === 'wasix' ? !isolated && 'isolation' : waiting === 'none' && 'waiting';
    return { kind: 'app', flavor: kind, ...(await library.bring(file, bytes)), ...(lacks && { lacks }) };
  }

  /** Stores a file that an app shall find at that path. */
  async bringAppFile(path: string, bytes: ArrayBuffer): Promise<AppFile> {
    return this.#apps().library.bringFile(path, bytes);
  }

  /** Modules that users brought and that none of these is made of go. What cannot go now goes the next time. */
  async sweep(specs: readonly InstanceSpec[]): Promise<void> {
    const images = specs.flatMap((spec) => (spec.kind === 'unikernel' ? [spec.image] : []));
    const apps = specs.flatMap((spec) => (spec.kind === 'app' ? [spec] : []));
    await Promise.allSettled([this.#unikernelHome?.library.sweep(images), this.#appHome?.library.sweep(apps)]);
  }

  #apps(): AppHome {
    if (!this.#appHome) throw new SandboxError('Unimplemented', 'This lab has no apps');
    return this.#appHome;
  }

  #unikernels(): UnikernelHome {
    if (!this.#unikernelHome) throw new SandboxError('Unimplemented', 'This lab has no unikernels');
    return this.#unikernelHome;
  }
}
