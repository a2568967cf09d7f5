import { generateKeyPairSync } from 'node:crypto';

export interface KeyPairFixture {
  readonly publicKey: string;
  readonly privateKey: string;
}

/** A pair of keys in PEM, as openssl would make it. */
export function makeKeyPair(scheme: 'ed25519' | 'ecdsa'): KeyPairFixture {
  const { publicKey, privateKey } =
    scheme === 'ed25519' ? generateKeyPairSync('ed25519') : generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return {
    publicKey: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
}
