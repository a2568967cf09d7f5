import type { BaseRecipe } from '../recipe';
import { runtime } from '../runtime/recipe';

/** What every machine on a network is looked at with; `libcap2-bin` lets ping have its capability instead of root's rights. */
export const network: BaseRecipe = {
  name: 'network',
  parent: runtime,
  programs: ['iproute2', 'iputils-ping'],
  libraries: ['libbpf1', 'libbsd0', 'libcap2-bin', 'libelf1', 'libmnl0', 'libxtables12'],
};
