import type { RegistryOffer } from '../../api/offline';
import { gatewayReference } from '../../engine/gateway-module';
import { mediaTypes } from '../../formats/oci';
import { familiarReference, parseReference } from '../../formats/reference';

/** What is kept at once for when there is no network. */
export interface OfflineOffer {
  /** `machines`: all that machines, hosts for containers and networks start from. */
  readonly kind: 'machines' | 'unikernel' | 'image';
  /** As users write it; of several names the one without a version, if there is one. */
  readonly name: string;
  /** For images as users write them, else as the registry's index has them. */
  readonly references: readonly string[];
  /** Bytes as they come over the network. */
  readonly size: number;
  /** Of these, what is stored. */
  readonly stored: number;
  readonly kept: boolean;
}

/** Machines first, then unikernels and images by name. `images` are the names of the images that are here. */
export function offlineOffers(offers: readonly RegistryOffer[], images: ReadonlySet<string>): readonly OfflineOffer[] {
  const of = (wanted: OfflineOffer['kind']): readonly RegistryOffer[] =>
    offers.filter((offer) => kindOf(offer) === wanted);
  const machines = of('machines');
  return [
    ...(machines.length > 0 ? [together(machines)] : []),
    ...of('unikernel')
      .map((offer): OfflineOffer => ({ ...bare(offer), kind: 'unikernel', name: offer.references[0] ?? '' }))
      .sort(byName),
    ...of('image')
      .map((offer): OfflineOffer => {
        const references = offer.references.map((each) => familiarReference(parseReference(each)));
        const name = references.find((each) => each.endsWith(':latest')) ?? references[0] ?? '';
        // Layers alone make no image: its names do, and others may have layers of it.
        const kept = references.every((each) => images.has(each));
        return { ...bare(offer), kind: 'image', name, references, kept, stored: kept ? offer.size : offer.stored };
      })
      .sort(byName),
  ];
}

function kindOf({ artifactType, references }: RegistryOffer): OfflineOffer['kind'] {
  if (artifactType === undefined) return 'image';
  // Every network has a gateway: it is none of the unikernels that users start.
  return artifactType === mediaTypes.unikernel && !references.includes(gatewayReference) ? 'unikernel' : 'machines';
}

function bare({ references, size, stored }: RegistryOffer): Omit<OfflineOffer, 'kind' | 'name'> {
  return { references, size, stored, kept: stored === size };
}

function together(offers: readonly RegistryOffer[]): OfflineOffer {
  const sum = (of: (offer: RegistryOffer) => number): number => offers.reduce((all, each) => all + of(each), 0);
  const [size, stored] = [sum((each) => each.size), sum((each) => each.stored)];
  const references = offers.flatMap((each) => each.references.slice(0, 1));
  return { kind: 'machines', name: 'machines', references, size, stored, kept: stored === size };
}

function byName(a: OfflineOffer, b: OfflineOffer): number {
  return a.name < b.name ? -1 : 1;
}
