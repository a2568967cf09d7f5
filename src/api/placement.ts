import type { ContainerId } from './container-host';

/** How the engine came to a host where nothing bound it to one. */
export type HostChoice =
  /** No other that runs is on its networks or can be put on them. */
  | { readonly kind: 'only' }
  /** Of several it had the most memory free. Bytes of each that was looked at. */
  | { readonly kind: 'memory'; readonly free: readonly { readonly host: string; readonly bytes: number }[] }
  /** None ran that would do; this one was there and was started. */
  | { readonly kind: 'started' }
  /** None ran that would do; this one was being made or started already, and was waited for. */
  | { readonly kind: 'awaited' }
  /** None was there that would do. */
  | { readonly kind: 'made' };

/** Why a container is on its host. */
export type PlacementReason =
  /** It shares namespaces with a container there. */
  | { readonly kind: 'neighbour'; readonly container: string }
  /** Its user named the host by a label. */
  | { readonly kind: 'label'; readonly label: string }
  /** Volumes of it are there. */
  | { readonly kind: 'volumes'; readonly volumes: readonly string[] }
  | HostChoice;

/** That a container was put on a host, once: its root stays there. */
export interface PlacementDecision {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly container: ContainerId;
  /** Of the container, at that time. */
  readonly name: string;
  readonly host: string;
  readonly reason: PlacementReason;
}
