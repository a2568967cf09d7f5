import { execFile } from 'node:child_process';
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findProgram } from '../../../scripts/lib/judges.mjs';
import { serializePem } from '../../formats/pem';
import { importSigningKey, importVerifyingKey } from './signing-key';
import { makeKeyPair } from './signing-key-fixture';

const openssl = findProgram('openssl');
const payload = new TextEncoder().encode('{"critical":{}}');

describe.each(['ed25519', 'ecdsa'] as const)('a key for %s', (scheme) => {
  const { publicKey, privateKey } = makeKeyPair(scheme);

  it('verifies what its other half has signed, and nothing else', async () => {
    const key = await importVerifyingKey(publicKey);
    const signature = await (await importSigningKey(privateKey)).sign(payload);
    expect(await key.verify(signature, payload)).toBe(true);
    expect(await key.verify(signature, payload.slice(1))).toBe(false);
    for (let at = 0; at < signature.length; at += 1) {
      const changed = signature.map((byte, i) => (i === at ? byte ^ 1 : byte));
      expect(await key.verify(changed, payload)).toBe(false);
    }
    expect(await key.verify(new Uint8Array(), payload)).toBe(false);
    const other = await importVerifyingKey(makeKeyPair(scheme).publicKey);
    expect(await other.verify(signature, payload)).toBe(false);
    expect(other.id).not.toBe(key.id);
  });

  it('is refused in the place of its other half, as are keys that are damaged', async () => {
    const refused = { code: 'InvalidArgument' };
    await expect(importVerifyingKey(privateKey)).rejects.toMatchObject(refused);
    await expect(importSigningKey(publicKey)).rejects.toMatchObject(refused);
    await expect(importVerifyingKey(publicKey.replace(/\n.{10}/, '\n'))).rejects.toMatchObject(refused);
    await expect(importSigningKey(privateKey.slice(0, 80))).rejects.toMatchObject(refused);
  });

  describe.runIf(openssl)('and openssl', () => {
    let folder: string;
    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'strata-signing-'));
      await writeFile(join(folder, 'private.pem'), privateKey);
      await writeFile(join(folder, 'public.pem'), publicKey);
      await writeFile(join(folder, 'payload'), payload);
    });
    afterAll(() => rm(folder, { recursive: true, force: true }));

    const run = (...args: string[]) => promisify(execFile)(openssl ?? '', args, { cwd: folder });
    const hash = scheme === 'ecdsa' ? ['-digest', 'sha256'] : [];
    const files = ['-in', 'payload', '-rawin', ...hash];

    it('agree about a signature of ours', async () => {
      await writeFile(join(folder, 'ours'), await (await importSigningKey(privateKey)).sign(payload));
      await run('pkeyutl', '-verify', '-pubin', '-inkey', 'public.pem', '-sigfile', 'ours', ...files);
      await writeFile(join(folder, 'payload'), payload.slice(1));
      await expect(
        run('pkeyutl', '-verify', '-pubin', '-inkey', 'public.pem', '-sigfile', 'ours', ...files),
      ).rejects.toThrow();
      await writeFile(join(folder, 'payload'), payload);
    });

    it('agree about a signature of its own', async () => {
      await run('pkeyutl', '-sign', '-inkey', 'private.pem', '-out', 'theirs', ...files);
      const signature = new Uint8Array(await readFile(join(folder, 'theirs')));
      expect(await (await importVerifyingKey(publicKey)).verify(signature, payload)).toBe(true);
    });
  });
});

describe('keys of other kinds', () => {
  const pem = ({ publicKey }: { readonly publicKey: KeyObject }) =>
    publicKey.export({ type: 'spki', format: 'pem' }).toString();

  it.each([
    ['RSA', () => pem(generateKeyPairSync('rsa', { modulusLength: 2048 }))],
    ['another curve', () => pem(generateKeyPairSync('ec', { namedCurve: 'P-384' }))],
    ['nothing', () => ''],
    ['a text', () => 'key'],
    ['an encrypted key of cosign', () => serializePem('ENCRYPTED COSIGN PRIVATE KEY', payload)],
    ['other bytes', () => serializePem('PUBLIC KEY', new Uint8Array(91))],
    ['no base64', () => '-----BEGIN PUBLIC KEY-----\nMA=A\n-----END PUBLIC KEY-----'],
  ])('are refused: %s', async (_, make) => {
    await expect(importVerifyingKey(make())).rejects.toMatchObject({ code: 'InvalidArgument' });
  });

  it('say what makes them into one that can be used', async () => {
    const sec1 = serializePem('EC PRIVATE KEY', payload);
    await expect(importSigningKey(sec1)).rejects.toThrow('openssl pkcs8 -topk8 -nocrypt');
  });
});
