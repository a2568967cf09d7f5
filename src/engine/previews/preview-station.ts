import type { Reservation } from '../../api/network';

/** What serves on networks of the lab: an instance, or a container. */
export interface PreviewStation {
  /** Letters and digits that fit into a label of a host name beside a port: of a container its short id. */
  readonly id: string;
  readonly name: string;
  /** As `InstanceState`; it answers only when it is "running". */
  readonly state: { readonly phase: string };
  readonly nics: readonly Reservation[];
}
