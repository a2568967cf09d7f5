import type { Digest } from '../../api/content-store';
import type { Operation } from '../../api/operation';
import type { Clock } from '../../base/clock';
import { SandboxError, throwIfAborted } from '../../base/errors';
import { parseImageDocument } from '../../formats/image-document';
import { readSignatureLayers, signatureTag } from '../../formats/signature-artifact';
import { fetchDocument } from '../registry/fetch-document';
import type { FetchedManifest, ImageSource } from '../registry/image-source';
import type { Signature } from './signature';

/** Signatures of one image that are looked at; each costs a request. */
const countLimit = 32;
/** Bytes of a payload; one has 300, and a signer may add claims. */
const payloadLimit = 256 * 1024;

/** The signatures of a manifest that lie beside it in its repository; none when there is no artifact of them. */
export async function fetchSignatures(
  source: ImageSource,
  digest: Digest,
  clock: Clock,
  operation: Operation,
): Promise<readonly Signature[]> {
  const found = await findArtifact(source, digest, operation);
  const document = found && parseImageDocument(found.descriptor, found.bytes);
  if (document?.kind !== 'manifest') return [];
  const signal = operation.signal ?? new AbortController().signal;
  const signatures: Signature[] = [];
  for (const { payload, signature } of readSignatureLayers(document.manifest).slice(0, countLimit)) {
    throwIfAborted(signal);
    if (payload.size > payloadLimit) continue;
    signatures.push({ signature, payload: await fetchDocument(source, payload, { clock, signal }) });
  }
  return signatures;
}

async function findArtifact(
  source: ImageSource,
  digest: Digest,
  operation: Operation,
): Promise<FetchedManifest | undefined> {
  try {
    return await source.manifest(signatureTag(digest), operation);
  } catch (error) {
    if (error instanceof SandboxError && error.code === 'NotFound') return undefined;
    throw error;
  }
}
