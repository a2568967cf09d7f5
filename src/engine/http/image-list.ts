import type { Filters } from '../../api/container-event';
import type { ImageSummary } from '../../api/image-summary';
import { SandboxError } from '../../base/errors';
import { familiarName, parseReference } from '../../formats/reference';
import type { Images } from '../images';
import { parseDockerTime } from './docker-time';
import { checkFilters, flagFilter, passes, passesLabels } from './filters';

/** An image as `GET /images/json` shows it. */
export interface ListedImage {
  readonly Id: string;
  readonly ParentId: '';
  readonly RepoTags: readonly string[];
  readonly RepoDigests: readonly string[];
  /** Seconds since the epoch. */
  readonly Created: number;
  readonly Size: number;
  /** Before 1.44. */
  readonly VirtualSize?: number;
  /** -1: not asked for. */
  readonly SharedSize: number;
  readonly Labels: Readonly<Record<string, string>>;
  readonly Containers: number;
}

export interface ImageListOptions {
  readonly filters: Filters;
  readonly sharedSize: boolean;
  readonly virtualSize: boolean;
  readonly nowMs: number;
}

const knownFilters = ['dangling', 'label', 'label!', 'before', 'since', 'reference', 'until'];

/** Images, the newest first, as docker lists them. `InvalidArgument` for filters that are none. */
export async function listImages(images: Images, options: ImageListOptions): Promise<readonly ListedImage[]> {
  const { filters } = options;
  checkFilters(filters, knownFilters);
  const dangling = flagFilter(filters, 'dangling');
  const stored = await images.current();
  const bounds = readBounds(stored, options);
  const listed: ListedImage[] = [];
  for (const summary of stored) {
    // What has no platform is no image: signatures and the like.
    if (summary.variants.length === 0) continue;
    const names = summary.references.map(parseReference);
    if (dangling !== undefined && dangling !== (names.length === 0)) continue;
    const created = createdMs(summary);
    if (created >= bounds.before || created <= bounds.since) continue;
    const fits = (name: string): boolean => passes(filters, 'reference', (pattern) => matchesName(name, pattern));
    // Only the names that are asked for are shown; without names there is nothing that could fit.
    if ((filters['reference'] ?? []).length > 0 && !summary.references.some(fits)) continue;
    const image = await describe(images, summary, options).catch(ifThere);
    if (!image) continue;
    if (passesLabels(filters, image.Labels)) listed.push(withNames(image, fits));
  }
  return listed.sort((a, b) => b.Created - a.Created);
}

/** What is removed while the list is made is not in it. */
function ifThere(error: unknown): undefined {
  if (!(error instanceof SandboxError && error.code === 'NotFound')) throw error;
}

async function describe(images: Images, summary: ImageSummary, options: ImageListOptions): Promise<ListedImage> {
  const { RepoTags, RepoDigests, Config } = await images.inspect(summary.id);
  const { total, shared } = summary.size;
  return {
    Id: summary.id,
    ParentId: '',
    RepoTags,
    RepoDigests,
    Created: Math.floor(createdMs(summary) / 1000),
    Size: total,
    ...(options.virtualSize && { VirtualSize: total }),
    SharedSize: options.sharedSize ? shared : -1,
    Labels: (Config['Labels'] as Readonly<Record<string, string>> | undefined) ?? {},
    Containers: summary.users.length,
  };
}

/** The image with some of its names alone, and the digests that belong to them. */
function withNames(image: ListedImage, fits: (name: string) => boolean): ListedImage {
  const tags = image.RepoTags.filter(fits);
  const names = new Set(tags.map((tag) => familiarName(parseReference(tag))));
  const isOfThem = (digest: string): boolean => names.has(familiarName(parseReference(digest)));
  return {
    ...image,
    RepoTags: tags,
    RepoDigests: image.RepoTags.length === 0 ? [] : image.RepoDigests.filter(isOfThem),
  };
}

/** When its config says that it was made; those that do not say are as old as can be. */
function createdMs({ variants }: ImageSummary): number {
  const created = Date.parse(variants[0]?.created ?? '');
  return Number.isNaN(created) ? 0 : created;
}

function readBounds(list: readonly ImageSummary[], { filters, nowMs }: ImageListOptions) {
  const ageOf = (name: string): number => {
    const found = list.find(({ id, references }) => references.includes(familiar(name)) || matchesId(id, name));
    if (!found) throw new SandboxError('NotFound', `No such image: ${name}`);
    return createdMs(found);
  };
  const until = (filters['until'] ?? []).map((text) => parseDockerTime(text, nowMs));
  return {
    before: Math.min(Infinity, ...(filters['before'] ?? []).map(ageOf), ...until),
    since: Math.max(-Infinity, ...(filters['since'] ?? []).map(ageOf)),
  };
}

function familiar(name: string): string {
  try {
    const reference = parseReference(name);
    return `${familiarName(reference)}:${reference.tag ?? ''}`;
  } catch {
    return name;
  }
}

function matchesId(id: string, name: string): boolean {
  return name.length >= 4 && (id.startsWith(name) || id.startsWith(`sha256:${name}`));
}

/** A pattern of Go's path.Match, for the whole short name or for it without its tag. */
export function matchesName(reference: string, pattern: string): boolean {
  const source = pattern
    .replace(/[.+^${}()|\\]/g, '\\$&')
    .replaceAll('*', '[^/]*')
    .replaceAll('?', '[^/]');
  try {
    const expression = new RegExp(`^${source}$`);
    return expression.test(reference) || expression.test(familiarName(parseReference(reference)));
  } catch {
    throw new SandboxError('InvalidArgument', `invalid filter 'reference=${pattern}': syntax error in pattern`);
  }
}
