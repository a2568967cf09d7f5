import type { Digest } from '../../api/content-store';
import type { RecordChange } from '../../api/records';
import { SandboxError } from '../../base/errors';
import type { Descriptor } from '../../formats/oci';
import { parseReference, serializeReference } from '../../formats/reference';
import type { DescribedImage } from './describe-image';
import { type ImageRecord, putImage, withoutReferences } from './image-record';

/** An image to be kept, under these names if there are any. */
export interface NamedImage {
  readonly descriptor: Descriptor;
  readonly references: readonly string[];
}

export interface DescribedNamedImage extends NamedImage {
  readonly described: DescribedImage;
}

/** The records after these images got their names, the last of two with the same name; others lose them. */
export function planNaming(
  images: readonly ImageRecord[],
  named: readonly DescribedNamedImage[],
  now: number,
): readonly RecordChange[] {
  const records = new Map(images.map((image) => [image.descriptor.digest, image]));
  const changed = new Set<Digest>();
  const keep = (record: ImageRecord): void => {
    records.set(record.descriptor.digest, record);
    changed.add(record.descriptor.digest);
  };
  for (const { descriptor, references, described } of named) {
    const { mediaType, digest, size } = descriptor;
    for (const image of records.values()) {
      const others = withoutReferences(image, references);
      if (image.descriptor.digest !== digest && others.references.length < image.references.length) keep(others);
    }
    const known = records.get(digest);
    keep({
      descriptor: { mediaType, digest, size },
      references: [...new Set([...(known?.references ?? []), ...references])],
      addedAt: known?.addedAt ?? now,
      ...described,
      ...(known?.signature && { signature: known.signature }),
    });
  }
  return [...records.values()].filter(({ descriptor }) => changed.has(descriptor.digest)).map(putImage);
}

/**
 * The name in full. One with a digest has to be that image's; where it has a tag as well, the tag is what is kept.
 * `InvalidArgument`.
 */
export function nameFor(reference: string, descriptor: Pick<Descriptor, 'digest'>): string {
  const { digest, ...rest } = parseReference(reference);
  if (digest !== undefined && digest !== descriptor.digest) {
    throw new SandboxError('InvalidArgument', `${reference} cannot name the image ${descriptor.digest}`);
  }
  return serializeReference(rest.tag === undefined && digest !== undefined ? { ...rest, digest } : rest);
}
