import type { IHasher } from 'hash-wasm';
import type { Digest } from '../api/content-store';
import { SandboxError } from '../base/errors';

const digestPattern = /^sha256:[0-9a-f]{64}$/;

/** The digest of no bytes at all. */
export const emptyDigest: Digest = 'sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

export function isDigest(value: unknown): value is Digest {
  return typeof value === 'string' && digestPattern.test(value);
}

/** A digest from outside. `InvalidArgument` for anything but sha256 with 64 lower-case hex digits. */
export function parseDigest(value: unknown): Digest {
  if (isDigest(value)) return value;
  throw new SandboxError('InvalidArgument', `Not a digest: ${shorten(value)} (expected sha256: and 64 hex digits)`);
}

/** The 64 hex digits. */
export function digestHex(digest: Digest): string {
  return digest.slice('sha256:'.length);
}

/** A running sha256. Take `digest` once, when everything was given. */
export interface Digester {
  update(bytes: Uint8Array): void;
  digest(): Digest;
}

/** Of those that are not in use, kept: a memory of WebAssembly is dear until somebody collects it, and few fit into a process. */
const maxSpare = 8;

const spare: IHasher[] = [];

/**
 * Streaming sha256. WebCrypto has no streaming form; this is WebAssembly, about 340 MB/s, and works where
 * `crypto.subtle` does not exist (a page that is not a secure context).
 */
export async function createDigester(): Promise<Digester> {
  const hasher = spare.pop() ?? (await newHasher());
  hasher.init();
  let digest: Digest | undefined;
  return {
    update(bytes) {
      if (digest) throw new SandboxError('Internal', 'Bytes for a digest that was taken');
      hasher.update(bytes);
    },
    digest() {
      if (digest) return digest;
      digest = `sha256:${hasher.digest('hex')}`;
      if (spare.length < maxSpare) spare.push(hasher);
      return digest;
    },
  };
}

async function newHasher(): Promise<IHasher> {
  // The page itself hashes only what is brought to it: the library is no part of its first script.
  const { createSHA256 } = await import('hash-wasm');
  return createSHA256();
}

export async function digestOf(bytes: Uint8Array): Promise<Digest> {
  const digester = await createDigester();
  digester.update(bytes);
  return digester.digest();
}

function shorten(value: unknown): string {
  const text = String(value);
  return text.length > 100 ? `${text.slice(0, 100)}…` : text;
}
