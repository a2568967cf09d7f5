import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { annotations, type Descriptor, mediaTypes } from '../../src/formats/oci';
import { parseReference } from '../../src/formats/reference';
import { createSignatureArtifact, signatureTag } from '../../src/formats/signature-artifact';
import { serializeSimpleSigning } from '../../src/formats/simple-signing';
import { importSigningKey, type SigningKey } from '../../src/storage/signing/signing-key';
import { OciLayout, readReferences } from '../lib/oci-layout';
import { imagesDirectory } from '../lib/paths';

/**
 * Signs everything that a layout names, in the form of cosign, by the project's test key: under `name:sha256-HEX.sig` beside
 * it. Signatures of what is not there any more go. The key signs by Ed25519, so the same artifacts give the same bytes.
 * The number of artifacts that are signed.
 */
export async function signLayout(directory: string): Promise<number> {
  const key = await importSigningKey(readFileSync(join(imagesDirectory, 'signing/test-key.pem'), 'utf8'));
  const artifacts = [...readReferences(directory)].filter(([reference]) => !isSignature(reference));
  const layout = new OciLayout(directory);
  for (const [reference, descriptor] of artifacts) {
    layout.keepArtifact(reference, descriptor);
    await putSignature(layout, reference, descriptor, key);
  }
  layout.finish();
  return artifacts.length;
}

async function putSignature(layout: OciLayout, name: string, { digest }: Descriptor, key: SigningKey): Promise<void> {
  const { registry, repository } = parseReference(name);
  const payload = serializeSimpleSigning({ reference: `${registry}/${repository}`, digest, claims: {} });
  const { manifest, config, payloads } = await createSignatureArtifact([
    { payload, signature: await key.sign(payload) },
  ]);
  for (const { descriptor, bytes } of [config, ...payloads]) layout.putBlob(descriptor.mediaType, bytes);
  const reference = `${name.slice(0, name.lastIndexOf(':'))}:${signatureTag(digest)}`;
  layout.keepArtifact(
    reference,
    layout.putBlob(mediaTypes.manifest, manifest.bytes, { [annotations.refName]: reference }),
  );
}

function isSignature(reference: string): boolean {
  return /:sha256-[0-9a-f]{64}\.sig$/.test(reference);
}
