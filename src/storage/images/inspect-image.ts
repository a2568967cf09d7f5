import type { HistoryLine, ImageInspection, ImageVariant } from '../../api/image-summary';
import { type ImageConfig, writeRun } from '../../formats/image-config';
import { familiarName, parseReference } from '../../formats/reference';
import type { ImageRecord } from './image-record';
import { shortName } from './image-usage';

/** `docker image inspect` of one platform of an image. */
export function inspectImage(record: ImageRecord, variant: ImageVariant, config: ImageConfig): ImageInspection {
  const { descriptor, references, addedAt, parts } = record;
  const { platform } = config;
  const tags = references.filter((each) => parseReference(each).tag !== undefined);
  const names = [...new Set(references.map((each) => familiarName(parseReference(each))))];
  return {
    Id: descriptor.digest,
    RepoTags: tags.map(shortName),
    RepoDigests: names.map((name) => `${name}@${descriptor.digest}`),
    Parent: '',
    Comment: config.history.at(-1)?.comment ?? '',
    ...(config.created !== undefined && { Created: config.created }),
    DockerVersion: '',
    Author: config.author ?? '',
    Config: withoutUndefined(writeRun(config.run)),
    Architecture: platform.architecture,
    ...(platform.variant !== undefined && { Variant: platform.variant }),
    Os: platform.os,
    Size: parts.reduce((sum, { size }) => sum + size, 0),
    GraphDriver: { Data: null, Name: 'overlayfs' },
    RootFS: { Type: 'layers', Layers: variant.layers.map(({ diffId }) => diffId) },
    Metadata: { LastTagTime: new Date(addedAt).toISOString() },
    Descriptor: descriptor,
  };
}

/** `docker history` of one platform of an image. Layers that no entry of the history speaks of come last. */
export function imageHistory(record: ImageRecord, variant: ImageVariant, config: ImageConfig): readonly HistoryLine[] {
  const sizes = new Map(record.parts.map(({ digest, size }) => [digest, size]));
  const layers = variant.layers.map(({ diffId }) => sizes.get(diffId) ?? 0);
  const lines: Omit<HistoryLine, 'id' | 'references'>[] = config.history.map((entry) => ({
    ...(entry.created !== undefined && { created: entry.created }),
    createdBy: entry.createdBy ?? '',
    comment: entry.comment ?? '',
    size: entry.emptyLayer ? 0 : (layers.shift() ?? 0),
  }));
  const rest = layers.map((size) => ({ createdBy: '', comment: '', size }));
  const newestFirst = [...lines, ...rest].reverse();
  return newestFirst.map((line, at) => ({
    ...line,
    id: at === 0 ? record.descriptor.digest : undefined,
    references: at === 0 ? record.references.map(shortName) : [],
  }));
}

/** The same as it crosses a port or goes into JSON. */
function withoutUndefined(fields: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}
