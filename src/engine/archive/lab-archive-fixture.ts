import { packTar, unpackTar } from 'modern-tar';
import { expect } from 'vitest';
import type { Digest } from '../../api/content-store';
import type { ShareStore } from '../../api/share';
import { systemClock } from '../../base/clock';
import { chunksOf } from '../../base/streams';
import { digestHex, digestOf } from '../../formats/digest';
import { type LabDocument, labTypes } from '../../formats/lab-document';
import type { Index, Manifest } from '../../formats/oci';
import { FolderStore } from '../../storage/folders/folder-store';
import { MemoryFolderBackend } from '../../storage/folders/memory-folder-backend';
import { collectBytes } from '../../storage/images/image-fixture';
import type { Images } from '../images';
import { openTestImages } from '../images-fixture';
import { createTestStorage, openTestLab, type TestLabOptions, type TestStorage } from '../lab-fixture';
import { opener } from '../snapshot-archive-fixture';

type TestLab = Awaited<ReturnType<typeof openTestLab>>['lab'];

export const cover = { name: 'My lab', notes: 'Try it', scenario: 'strata: 1\nname: My lab\n' };
const closing: (() => Promise<void>)[] = [];

/** After each test. */
export async function closeStores(): Promise<void> {
  for (const close of closing.splice(0)) await close();
}

/** Images in a store of their own. */
export async function openImages() {
  const { images, content, close } = await openTestImages();
  closing.push(close);
  return { images, content };
}

export async function diskOf({ records }: TestStorage, name: string): Promise<string> {
  const found = (await records.list('instances')).map(
    ({ value }) => value as { spec: { name: string }; disks: string[] },
  );
  return found.find(({ spec }) => spec.name === name)?.disks[0] ?? '';
}

export async function write({ lab, images }: { readonly lab: TestLab; readonly images: Images }) {
  return collectBytes(chunksOf(await (await lab.archives(images)).write(cover)));
}

export interface Place {
  /** A fresh browser's when absent. */
  readonly storage?: TestStorage;
  readonly options?: TestLabOptions;
}

/** Brings a file into a browser, and opens its lab anew, as a reload does. */
export async function bring(file: Uint8Array, { storage: given, options = {} }: Place = {}) {
  const storage = given ?? (await createTestStorage());
  const { images } = await openImages();
  const { lab } = await openTestLab(storage, undefined, { ...options, firstRandom: 1000 });
  const archives = await lab.archives(images);
  const contents = await archives.read(opener(file));
  const { losses } = await archives.open(opener(file), contents);
  lab.dispose();
  const again = await openTestLab(storage, undefined, { ...options, firstRandom: 2000 });
  await expect.poll(() => again.lab.tasks.list().some(({ state }) => state === 'running')).toBe(false);
  return { ...again, storage, images, contents, losses };
}

/** What an archive calls its blobs. */
export async function blobsOf(
  file: Uint8Array,
): Promise<{ readonly index: Index; readonly layers: Manifest['layers'] }> {
  const entries = await unpackTar(file);
  const read = (name: string): unknown =>
    JSON.parse(new TextDecoder().decode(entries.find(({ header }) => header.name === name)?.data));
  const index = read('index.json') as Index;
  const lab = index.manifests.find(({ artifactType }) => artifactType === labTypes.lab);
  const { layers } = read(`blobs/sha256/${digestHex(lab?.digest as Digest)}`) as Manifest;
  return { index, layers };
}

/** The same file with one bit of a blob turned over. */
export function damage(file: Uint8Array<ArrayBuffer>, digest: Digest): Uint8Array<ArrayBuffer> {
  const name = new TextEncoder().encode(`blobs/sha256/${digestHex(digest)}`);
  const at = file.findIndex(
    (_, start) => start % 512 === 0 && name.every((byte, index) => file[start + index] === byte),
  );
  const damaged = file.slice();
  damaged[at + 512] = (damaged[at + 512] ?? 0) ^ 1;
  return damaged;
}

/** The same file with another record of the lab, and with blobs that it did not have. */
export async function rewritten(
  file: Uint8Array,
  change: (document: LabDocument) => Partial<LabDocument>,
  more: readonly Uint8Array<ArrayBuffer>[] = [],
): Promise<Uint8Array<ArrayBuffer>> {
  const files = new Map((await unpackTar(file)).map(({ header, data }) => [header.name, data ?? new Uint8Array()]));
  const read = <T>(name: string): T => JSON.parse(new TextDecoder().decode(files.get(name))) as T;
  const put = async (bytes: Uint8Array<ArrayBuffer>): Promise<{ readonly digest: Digest; readonly size: number }> => {
    const digest = await digestOf(bytes);
    files.set(pathOf(digest), bytes);
    return { digest, size: bytes.length };
  };
  const putDocument = (value: unknown) => put(new TextEncoder().encode(JSON.stringify(value)));
  const index = read<Index>('index.json');
  const lab = index.manifests.find(({ artifactType }) => artifactType === labTypes.lab);
  const manifest = read<Manifest>(pathOf(lab?.digest as Digest));
  const document = read<LabDocument>(pathOf(manifest.config.digest));
  // What names others comes before them.
  const config = { ...manifest.config, ...(await putDocument({ ...document, ...change(document) })) };
  const changed = await putDocument({ ...manifest, config });
  const manifests = index.manifests.map((each) => (each === lab ? { ...each, ...changed } : each));
  files.set('index.json', new TextEncoder().encode(JSON.stringify({ ...index, manifests })));
  for (const bytes of more) await put(bytes);
  const first = ['oci-layout', 'index.json', pathOf(changed.digest), pathOf(config.digest)];
  const names = [...first, ...[...files.keys()].filter((name) => !first.includes(name))];
  const entries = names.map((name) => {
    const body = files.get(name) ?? new Uint8Array();
    return { header: { name, size: body.length }, body };
  });
  return new Uint8Array(await packTar(entries));
}

function pathOf(digest: Digest): string {
  return `blobs/sha256/${digestHex(digest)}`;
}

/** Shared folders in this thread's memory, as a browser keeps them. */
export function openShares(): ShareStore {
  const folders = new FolderStore(new MemoryFolderBackend(), systemClock);
  closing.push(() => folders.dispose());
  return { folders, openLayer: async () => new MessageChannel().port1 };
}

/** Writes one file of a shared folder, which is made if it is not there. */
export async function writeToFolder(lab: TestLab, name: string, path: string, text: string): Promise<void> {
  const folders = await lab.folders();
  if (!(await folders.list()).some((each) => each.name === name)) await folders.create(name);
  const folder = await folders.open(name);
  await folder.write(path, new TextEncoder().encode(text));
  await folder.sync();
  folder.dispose();
}

/** Undefined where there is no such file. */
export async function readFromFolder(lab: TestLab, name: string, path: string): Promise<string | undefined> {
  const folder = await (await lab.folders()).open(name);
  const found = await folder.find(path);
  const text = found && (await new Response(await folder.read(path)).text());
  folder.dispose();
  return text;
}
