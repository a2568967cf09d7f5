import type { Layout } from '../../api/layout';
import type { NetworkSpec, NicSpec } from '../../api/network';

/** A lab as a text that people write, read and share; docs/SCENARIOS.md. */
export interface Scenario {
  readonly name: string;
  readonly description?: string;
  readonly networks: readonly NetworkSpec[];
  /** They begin empty: what is on them is in no text. */
  readonly volumes?: readonly ScenarioVolume[];
  readonly instances: readonly ScenarioInstance[];
  readonly containers: readonly ScenarioContainer[];
  /** What is shown in the page: ports of instances. */
  readonly publish: readonly ScenarioPort[];
  /** Where things stand in the picture of the lab: instances by their names, `network/<name>`, `gateway/<network>`. */
  readonly layout?: Layout;
  readonly notes?: string;
}

/** A disk of the lab, which machines have by its name, or a volume of containers. */
export type ScenarioVolume = ScenarioDiskVolume | ScenarioContainerVolume;

export interface ScenarioDiskVolume extends ScenarioDisk {
  readonly name: string;
  readonly of?: never;
}

/** As `docker volume create` makes it. */
export interface ScenarioContainerVolume {
  readonly name: string;
  readonly of: 'containers';
  /** MiB; it is a disk of a unikernel then. */
  readonly size?: number;
}

export interface ScenarioDisk {
  /** MiB. */
  readonly size: number;
  readonly format?: 'ext4';
}

/** A folder of the lab, which is made if it is not there. */
export interface ScenarioShare {
  readonly folder: string;
  /** What it is mounted by; the folder's name when absent. */
  readonly tag?: string;
  /** Where the machine mounts it by itself. */
  readonly at?: string;
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
  /** Disks of its own, and volumes by their names, in the order in which it finds them. One with an image has volumes only. */
  readonly disks?: readonly (ScenarioDisk | { readonly volume: string })[];
  readonly shares?: readonly ScenarioShare[];
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
