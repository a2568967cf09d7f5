import type { ContainerHost, ContainerSpec } from '../../api/container-host';
import type { Operation } from '../../api/operation';
import type { ContainerEntry } from './container-book';
import type { Discarded } from './left-behind';

/** How the containers of one kind of image are run: in a machine that is their host, or each as a unikernel. */
export interface ContainerDriver {
  /** What runs a container, with its root and its volumes there. */
  place(entry: ContainerEntry, operation?: Operation): Promise<ContainerHost>;
  /** All that its host has to know to run it. `InvalidArgument` for what cannot be. */
  spec(entry: ContainerEntry, host: ContainerHost): Promise<ContainerSpec>;
  /** Takes away what it has written, or tells what of it is to be noted. */
  discard(entry: ContainerEntry): Promise<Discarded>;
}
