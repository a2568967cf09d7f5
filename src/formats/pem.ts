import { decodeBase64, encodeBase64 } from '../base/base64';
import { SandboxError } from '../base/errors';

/** Characters that are read; a key has two hundred. */
const lengthLimit = 64 * 1024;

/** The first block of a text in PEM (RFC 7468). `InvalidArgument` when there is none that can be read. */
export function parsePem(text: string): { readonly label: string; readonly bytes: Uint8Array<ArrayBuffer> } {
  const found = /-----BEGIN ([A-Z0-9 ]{1,64})-----\s+([A-Za-z0-9+/=\s]*?)-----END \1-----/.exec(
    text.slice(0, lengthLimit),
  );
  const [, label, body] = found ?? [];
  if (label === undefined || body === undefined) {
    throw new SandboxError('InvalidArgument', 'Not a key in PEM: it begins with "-----BEGIN PUBLIC KEY-----"');
  }
  try {
    return { label, bytes: decodeBase64(body.replace(/\s+/g, '')) };
  } catch (cause) {
    throw new SandboxError('InvalidArgument', `The ${label.toLowerCase()} is damaged: it is not base64`, { cause });
  }
}

/** The other half of {@link parsePem}. */
export function serializePem(label: string, bytes: Uint8Array): string {
  const lines = encodeBase64(bytes).match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}
