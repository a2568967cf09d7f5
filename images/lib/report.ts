import type { Descriptor } from '../../src/formats/oci';

/** One line for each artifact: what became of its digest. */
export function compareReferences(
  before: ReadonlyMap<string, Descriptor>,
  after: ReadonlyMap<string, Descriptor>,
): readonly string[] {
  const references = [...new Set([...before.keys(), ...after.keys()])].sort();
  return references.map((reference) => {
    const [old, now] = [before.get(reference)?.digest, after.get(reference)?.digest];
    if (old === now) return `${reference}: same digest ${now}`;
    if (old === undefined) return `${reference}: new ${now}`;
    return now === undefined ? `${reference}: gone, was ${old}` : `${reference}: changed: ${old} -> ${now}`;
  });
}
