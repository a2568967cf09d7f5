import type { ExecSpec, InstancePhase, Process } from '../api/instance';
import type { PacketCheck } from '../formats/lesson/lesson';

/** A container, as far as lessons look at it. */
export interface SeenContainer {
  readonly name: string;
  readonly status: string;
  /** Undefined while it has not ended, and where nobody knows. */
  readonly exit: number | undefined;
}

/** What lessons ask of the lab. Instances go by their names. */
export interface LessonLab {
  /** Undefined when there is no such instance. */
  phaseOf(instance: string): InstancePhase | undefined;
  /**
   * Runs a program in an instance, or in a container of that name. `NotFound` when there is neither. The engine has no call that
   * ends a program in a container: there it is given so many seconds, by the image's own `timeout` where it has one.
   */
  exec(name: string, spec: ExecSpec, seconds: number): Promise<Process>;
  /** GET; the body is cut after 64 KiB. `Unavailable` when nobody answers. */
  get(instance: string, port: number, path: string, signal: AbortSignal): Promise<HttpSeen>;
  containers(): Promise<readonly SeenContainer[]>;
  hasImage(reference: string): Promise<boolean>;
  /** How many such frames the network has forwarded since it was first asked for them. */
  packets(check: PacketCheck): Promise<number>;
}

export interface HttpSeen {
  readonly status: number;
  readonly body: string;
}
