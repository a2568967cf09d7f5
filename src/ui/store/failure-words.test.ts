import { describe, expect, it } from 'vitest';
import type { ContentStore } from '../../api/content-store';
import { type ErrorCode, type ErrorRecord, serializeError } from '../../base/errors';
import { FakeClock } from '../../base/fake-clock';
import { decodeShareCode } from '../../formats/scenario/share-code';
import { downloadBlob } from '../../storage/download';
import { text } from '../text';
import { failureWords } from './failure-words';

/** Messages that parts of the page give, each with advice of its own. */
const advised: readonly (readonly [ErrorCode, string])[] = [
  ['AlreadyExists', 'The name "web" is already in use: remove that instance or choose another name'],
  ['AlreadyExists', 'There is a network "lan" already; choose another name'],
  ['AlreadyExists', 'There is a volume "data" already: choose another name'],
  ['AlreadyExists', 'The instance has an address for eth0 already; release it first'],
  [
    'AlreadyExists',
    'Conflict. The container name "/web" is already in use by container "ab". You have to remove (or rename) that container to be able to reuse that name.',
  ],
  ['ResourceExhausted', 'There are 64 instances already, the most there can be: remove one'],
  [
    'ResourceExhausted',
    'Not enough memory for one more machine: it needs 96 MiB, 8 of 512 MiB are free; stop another one or choose less',
  ],
  ['ResourceExhausted', 'No room to store 8 MB: 1 MB are available; remove images or volumes, or free disk space'],
  ['DataLoss', 'The record of a layer is damaged; delete the image and pull it again'],
  ['DataLoss', 'The stored bytes of blob sha256:ab are damaged; delete it and fetch it again'],
  ['Aborted', 'The store was started again while the disk was read; try again'],
  [
    'Unavailable',
    'A page has addresses for 3 modules: stop one, or try again when those that have ended are cleared away',
  ],
];

describe('the words of a failure', () => {
  it.each(advised)('do not add advice to that of a message: %s, %s', (code, message) => {
    expect(text.next[code]).not.toBe('');
    expect(failureWords({ code, message })).toBe(message);
  });

  it.each([
    ['DataLoss', 'it has digest sha256:ab'],
    ['Unavailable', 'The registry at example.com did not answer: the connection was closed'],
    ['AlreadyExists', 'Reserved'],
    ['Internal', 'Boom'],
  ] as const)('say what helps where the message does not: %s, %s', (code, message) => {
    expect(failureWords({ code, message })).toBe(`${message}. ${text.next[code]}`);
  });

  it('tell of what could not be fetched why, and how it is there without a network, and not its digest', async () => {
    const failure = await downloadBlob({
      descriptor: { mediaType: 'application/wasm', digest: `sha256:${'a'.repeat(64)}`, size: 1 },
      url: 'https://strata.test/registry/blobs/a',
      fetch: () => Promise.reject(new TypeError('Failed to fetch')),
      // Nothing comes that would be stored.
      store: {} as ContentStore,
      clock: new FakeClock(),
      phase: 'Fetching',
      cache: 'default',
    }).catch(serializeError);
    const words = failureWords(failure as ErrorRecord);
    expect(words).toMatch(/the server cannot be reached\. .*available offline under Images/);
    expect(words).not.toMatch(/sha256|https/);
  });

  it('tell of a link that was cut what to do with the link', async () => {
    const failure = (await decodeShareCode('1.zzz').catch((error: unknown) => error)) as {
      code: ErrorCode;
      message: string;
    };
    expect(failureWords(failure)).toMatch(/Copy it again, whole$/);
  });
});
