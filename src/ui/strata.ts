import type { InstanceRecord } from '../engine/instance-record';
import type { Place } from './route';

export type StratumNumber = 1 | 2 | 3 | 4 | 5 | 6 | 7;

/** One of the seven layers of a cloud, with the views that look at it. */
export interface Stratum {
  readonly number: StratumNumber;
  readonly places: readonly Place[];
}

/** The uppermost first, as they lie on each other. */
export const strata: readonly Stratum[] = [
  { number: 7, places: ['lessons', 'compare', 'lab'] },
  { number: 6, places: ['orchestration'] },
  { number: 5, places: ['scheduling'] },
  { number: 4, places: ['containers', 'images'] },
  { number: 3, places: ['files'] },
  { number: 2, places: ['topology', 'machines', 'networks', 'volumes', 'snapshots'] },
  { number: 1, places: ['tab', 'events'] },
];

/**
 * Views that have neither anything to show nor anything to make as long as there is nothing of their kind. Without them their
 * strata have no entry. The other five have one in an empty lab, too, for they are the way out of it: the first machine,
 * network, volume, file, image and container are made or brought there, lessons and scenarios are begun there, and the tab,
 * which is the lowest stratum, is alive as long as the page is.
 */
const needed: Partial<Readonly<Record<Place, (instances: readonly InstanceRecord[]) => boolean>>> = {
  orchestration: (instances) => instances.some((each) => isContainerHost(each) || isOnDemand(each)),
  scheduling: (instances) => instances.some(isContainerHost),
};

/** Strata with something alive in them; the place that is shown now is always among theirs. */
export function liveStrata(instances: readonly InstanceRecord[], shown: Place): readonly Stratum[] {
  const lives = (place: Place): boolean => place === shown || (needed[place]?.(instances) ?? true);
  return strata
    .map((stratum) => ({ ...stratum, places: stratum.places.filter(lives) }))
    .filter(({ places }) => places.length > 0);
}

export function stratumOf(place: Place): StratumNumber | undefined {
  return strata.find(({ places }) => places.includes(place))?.number;
}

/** Where the number of a stratum leads to from a place: its first view, or its next one. */
export function nextPlace(live: readonly Stratum[], number: StratumNumber, shown: Place): Place | undefined {
  const { places = [] } = live.find((stratum) => stratum.number === number) ?? {};
  return places[(places.indexOf(shown) + 1) % Math.max(1, places.length)];
}

function isContainerHost({ spec }: InstanceRecord): boolean {
  return spec.kind === 'vm' && spec.containerHost;
}

function isOnDemand({ spec }: InstanceRecord): boolean {
  return spec.kind === 'unikernel' && spec.onDemand !== undefined;
}
