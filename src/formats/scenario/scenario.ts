import type { NetworkSpec, NicSpec } from '../../api/network';

/** A lab as a text that people write, read and share; docs/SCENARIOS.md. */
export interface Scenario {
  readonly name: string;
  readonly description?: string;
  readonly networks: readonly NetworkSpec[];
  readonly instances: readonly ScenarioInstance[];
  readonly containers: readonly ScenarioContainer[];
  /** What is shown in the page: ports of instances. */
  readonly publish: readonly ScenarioPort[];
  readonly notes?: string;
}

export type ScenarioInstance = ScenarioVm | ScenarioUnikernel;

interface Placed {
  readonly name: string;
  readonly nics?: readonly NicSpec[];
  /** False: it is there, and waits for somebody to start it. */
  readonly start?: boolean;
}

export interface ScenarioVm extends Placed {
  readonly kind: 'vm';
  /** MiB. */
  readonly memory?: number;
  readonly devices?: 'virtio' | 'emulated';
  readonly containerHost?: boolean;
  /** Its root, as `docker pull` takes it; our own root without. */
  readonly image?: string;
  readonly command?: readonly string[];
  readonly disks?: readonly { readonly size: number; readonly format?: 'ext4' }[];
  /** Lines for its shell once it runs. */
  readonly setup?: string;
}

export interface ScenarioUnikernel extends Placed {
  readonly kind: 'unikernel';
  readonly image: string;
  readonly memory?: number;
  readonly args?: readonly string[];
  /** Text by absolute path. */
  readonly files?: Readonly<Record<string, string>>;
  /** It sleeps after so many milliseconds without work. */
  readonly idle?: number;
}

/** In the words of Compose. */
export interface ScenarioContainer {
  readonly name: string;
  readonly image: string;
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
  readonly networks?: readonly string[];
  readonly restart?: 'no' | 'always' | 'on-failure' | 'unless-stopped';
  /** MiB. */
  readonly memory?: number;
  /** Which host runs it. */
  readonly host?: string;
}

export interface ScenarioPort {
  readonly instance: string;
  readonly port: number;
}
