import type { ImageContent } from '../../api/image';
import type { Operation } from '../../api/operation';
import type { Clock } from '../../base/clock';
import { parseReference, serializeReference } from '../../formats/reference';
import { createSignatureArtifact, signatureTag } from '../../formats/signature-artifact';
import { serializeSimpleSigning } from '../../formats/simple-signing';
import { ContentSource } from '../registry/content-source';
import { fetchSignatures } from './fetch-signatures';
import { importSigningKey } from './signing-key';

export interface SignOptions extends Operation {
  /** In PEM; see {@link importSigningKey}. */
  readonly privateKey: string;
  /** What the signer says besides: `{"creator": "…"}`. */
  readonly claims?: Readonly<Record<string, unknown>>;
  readonly clock: Clock;
}

/**
 * Signs what a name stands for, and keeps the signature beside it, with those that are there: under the name that is
 * returned, which is pushed like any other. `NotFound` when there is no such image, `InvalidArgument` for a key that is none.
 */
export async function signImage(name: string, content: ImageContent, options: SignOptions): Promise<string> {
  const { privateKey, claims = {}, clock } = options;
  const { registry, repository, ...named } = parseReference(name);
  const { digest } = await content.resolve(serializeReference({ registry, repository, ...named }));
  const key = await importSigningKey(privateKey);
  const payload = serializeSimpleSigning({ reference: `${registry}/${repository}`, digest, claims });
  const source = new ContentSource(content, { registry, repository });
  const earlier = await fetchSignatures(source, digest, clock, options);
  const signatures = [...earlier, { payload, signature: await key.sign(payload) }];
  const kept = await keep(
    serializeReference({ registry, repository, tag: signatureTag(digest) }),
    signatures,
    content,
    options,
  );
  await content.keepSignature(digest, undefined);
  return kept;
}

async function keep(
  name: string,
  signatures: Parameters<typeof createSignatureArtifact>[0],
  content: ImageContent,
  operation: Operation,
): Promise<string> {
  const { manifest, config, payloads } = await createSignatureArtifact(signatures);
  const lease = await content.lease();
  for (const { descriptor, bytes } of [...payloads, config, manifest]) {
    await content.put(descriptor, once(bytes), lease, operation);
  }
  await content.tag(name, manifest.descriptor);
  await lease.release();
  return name;
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
