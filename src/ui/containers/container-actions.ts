import type { ContainerStatus, ContainerSummary } from '../../api/container';
import type { IconName } from '../elements/icon/icon';
import type { MenuItem } from '../elements/menu/menu';
import { containerText } from '../text/containers';

export type ContainerAction = keyof typeof containerText.actions;

/** What can be asked of a container in each state, the likeliest first. */
export const actionsByStatus: Readonly<Record<ContainerStatus, readonly ContainerAction[]>> = {
  created: ['start', 'remove'],
  running: ['stop', 'restart', 'pause', 'kill', 'remove'],
  paused: ['unpause', 'kill', 'remove'],
  restarting: ['stop', 'kill', 'remove'],
  removing: [],
  exited: ['start', 'remove'],
  dead: ['remove'],
};

export const containerIcons: Readonly<Record<ContainerAction, IconName>> = {
  start: 'start',
  stop: 'stop',
  restart: 'reset',
  kill: 'kill',
  pause: 'pause',
  unpause: 'start',
  remove: 'remove',
};

export function containerMenu({ State }: ContainerSummary): readonly (MenuItem & { readonly id: ContainerAction })[] {
  return actionsByStatus[State].map((action) => ({
    id: action,
    label: containerText.actions[action],
    icon: containerIcons[action],
    ...(action === 'remove' && { danger: true }),
  }));
}

/** `web` of `/web`. */
export function containerName({ Names, Id }: Pick<ContainerSummary, 'Names' | 'Id'>): string {
  return Names[0]?.replace(/^\//, '') ?? Id.slice(0, 12);
}

/** `8080→80, 443`. */
export function containerPorts({ Ports }: ContainerSummary): string {
  const words = Ports.map(({ PublicPort, PrivatePort, Type }) => {
    const inside = Type === 'tcp' ? `${PrivatePort}` : `${PrivatePort}/${Type}`;
    return PublicPort === undefined ? inside : `${PublicPort}→${inside}`;
  });
  return [...new Set(words)].join(', ');
}

/** A number by which a port of a container is reached. */
interface PublishedNumber {
  readonly outside: number;
  readonly inside: number;
  /** Whether guests of every network reach it at their gateway. */
  readonly everywhere: boolean;
}

/** Ports of TCP that are published, each once. */
export function publishedPorts({ Ports }: ContainerSummary): readonly PublishedNumber[] {
  return Ports.flatMap(({ IP, PublicPort, PrivatePort, Type }) =>
    PublicPort !== undefined && Type === 'tcp'
      ? [{ outside: PublicPort, inside: PrivatePort, everywhere: IP === '0.0.0.0' }]
      : [],
  );
}

/** Whether every network that it is on is internal: no gateway leads to it, or out of it. */
export function isInternal({ NetworkSettings }: Pick<ContainerSummary, 'NetworkSettings'>): boolean {
  const networks = Object.entries(NetworkSettings.Networks).filter(([name]) => name !== 'host' && name !== 'none');
  return networks.length > 0 && networks.every(([, { Gateway }]) => Gateway === '');
}

/** What its previews go by: an id that fits into the name of an origin. */
export function previewName({ Id }: ContainerSummary): string {
  return Id.slice(0, 12);
}
