import { SandboxError } from '../../base/errors';
import { isDigest } from '../../formats/digest';
import type { Descriptor } from '../../formats/oci';
import { familiarReference, parseReference, type Reference, serializeReference } from '../../formats/reference';
import type { ImageRecord } from './image-record';

export interface FoundImage {
  readonly record: ImageRecord;
  /** What was named: the image, or one platform of it. */
  readonly descriptor: Descriptor;
  /** In full, when it was found by a reference. */
  readonly reference?: string;
}

/** Hex digits that are taken for the beginning of an id, where no image has them as its name. */
const idPattern = /^(?:sha256:)?[0-9a-f]{4,64}$/;

/**
 * The image of a name, a digest, or the beginning of an id, looked for in this order as docker does. `NotFound` in
 * docker's words; `InvalidArgument` for what is no name, and for an id that several images begin with.
 */
export function findImage(images: readonly ImageRecord[], name: string): FoundImage {
  if (isDigest(name)) return findById(images, name) ?? noSuchImage(name);
  const reference = /^[0-9a-f]{64}$/.test(name) || name.startsWith('sha256:') ? undefined : parseReference(name);
  const found = reference && findByReference(images, reference);
  if (found) return found;
  if (idPattern.test(name)) {
    const byId = findById(images, name);
    if (byId) return byId;
  }
  return noSuchImage(reference ? familiarReference(reference) : name);
}

function findByReference(images: readonly ImageRecord[], reference: Reference): FoundImage | undefined {
  // What a digest names is that, whatever is said before it.
  if (reference.digest !== undefined) return findById(images, reference.digest);
  const full = serializeReference(reference);
  const record = images.find(({ references }) => references.includes(full));
  return record && { record, descriptor: record.descriptor, reference: full };
}

function findById(images: readonly ImageRecord[], id: string): FoundImage | undefined {
  const prefix = id.startsWith('sha256:') ? id : `sha256:${id}`;
  const found = images.flatMap((record) => namesOf(record, prefix));
  const digests = new Set(found.map(({ descriptor }) => descriptor.digest));
  if (digests.size > 1) {
    throw new SandboxError('InvalidArgument', `Several images begin with ${id}; give more of the id`);
  }
  return found[0];
}

/** By its own digest, or by that of the manifest or the config of one of its platforms. */
function namesOf(record: ImageRecord, prefix: string): readonly FoundImage[] {
  const { descriptor, variants } = record;
  if (descriptor.digest.startsWith(prefix)) return [{ record, descriptor }];
  const variant = variants.find(
    ({ manifest, config }) => manifest.digest.startsWith(prefix) || config.startsWith(prefix),
  );
  return variant ? [{ record, descriptor: variant.manifest }] : [];
}

function noSuchImage(name: string): never {
  throw new SandboxError('NotFound', `No such image: ${name}`, { details: { image: name } });
}
