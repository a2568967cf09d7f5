import type { Operation } from '../../api/operation';
import type { Endpoint } from '../../network/gateway/sockets';

/** In which a web service can be run here. */
export const forms = ['vm', 'container', 'unikernel'] as const;
export type Form = (typeof forms)[number];

/** Bytes. */
export interface MemoryFigures {
  /** In use now, kernel included where it has one of its own. */
  readonly used: number;
  /** What it was given, or could grow to; absent where nothing was said. */
  readonly limit?: number;
}

/** Something that has to be fetched before a service of that form can run. */
export interface ImagePart {
  readonly reference: string;
  /** Bytes, as they travel. */
  readonly bytes: number;
  /** Another of the forms needs it as well. */
  readonly shared: boolean;
}

/** What the service may ask of whatever is below it. */
export type Surface =
  | { readonly kind: 'kernel'; readonly calls: number }
  | {
      readonly kind: 'filtered';
      readonly calls: number;
      /** What the host's kernel has, of which the filter lets only some through. */
      readonly kernelCalls: number;
      /** Names that the filter lets through. */
      readonly allowed: number;
    }
  | { readonly kind: 'imports'; readonly names: readonly string[] };

/** A service that was started, perhaps without an answer yet. */
export interface RunningService {
  readonly network: string;
  readonly endpoint: Endpoint;
  memory(): Promise<MemoryFigures>;
  surface(): Promise<Surface>;
}

/** One way to run the service. */
export interface ServiceForm {
  readonly form: Form;
  /** Everything that is fetched or made once, whose time is nobody's to first answer. */
  prepare(operation: Operation): Promise<void>;
  /** From nothing to a service that was started. */
  start(operation: Operation): Promise<RunningService>;
  parts(): Promise<readonly ImagePart[]>;
}
