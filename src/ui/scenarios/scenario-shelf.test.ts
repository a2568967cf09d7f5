import { resolveObjectURL } from 'node:buffer';
import { unpackTar } from 'modern-tar';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { ShareStore } from '../../api/share';
import { SandboxError, serializeError } from '../../base/errors';
import { closeStores, openShares, readFromFolder, writeToFolder } from '../../engine/archive/lab-archive-fixture';
import type { LabArchives, LabContents } from '../../engine/archive/lab-archives';
import { holdsFiles } from '../../engine/folders/empty-folder';
import { openTestLab } from '../../engine/lab-fixture';
import type { Dialog } from '../dialog';
import { createSettings } from '../settings';
import { failureWords } from '../store/failure-words';
import { scenarioText } from '../text/scenarios';
import { ScenarioShelf, type ScenarioShelfOptions } from './scenario-shelf';

const engine = async () => ({ list: () => [] }) as unknown as Awaited<ReturnType<ScenarioShelfOptions['engine']>>;

async function openShelf(options: Partial<ScenarioShelfOptions>, shares?: ShareStore) {
  const { lab } = await openTestLab(undefined, undefined, shares && { shares });
  const reports: string[] = [];
  const asked: Dialog[] = [];
  const shelf = new ScenarioShelf({
    scenarios: {} as ScenarioShelfOptions['scenarios'],
    lab,
    archives: async () => ({}) as LabArchives,
    keeps: () => true,
    mayEvict: async () => false,
    reload: () => {},
    engine: () => lab.containers(),
    settings: createSettings(undefined),
    page: new URL('http://strata.test/'),
    ask: (dialog) => asked.push(dialog),
    report: (title, error) => reports.push(`${title}: ${error instanceof Error ? error.message : error}`),
    announce: () => {},
    ...options,
  });
  return { shelf, reports, asked, lab };
}

afterEach(closeStores);
afterEach(() => vi.unstubAllGlobals());

/** What the page saves as files from now on. */
function savedFiles(): readonly Blob[] {
  const saved: Blob[] = [];
  const link = { href: '', click: () => void saved.push(resolveObjectURL(link.href) as Blob) };
  vi.stubGlobal('document', { createElement: () => link });
  return saved;
}

describe("the lab's files", () => {
  it('may go as long as the browser has not been told to keep them', async () => {
    let kept = false;
    const { shelf } = await openShelf({ mayEvict: async () => !kept });
    await shelf.lookAtStorage();
    expect(shelf.evictable.value).toBe(true);
    kept = true;
    await shelf.lookAtStorage();
    expect(shelf.evictable.value).toBe(false);
  });

  it('begin anew without what is in shared folders only when that is said', async () => {
    const { shelf, asked, lab } = await openShelf({ engine }, openShares());
    await (await lab.folders()).create('none');
    await writeToFolder(lab, 'shared', '/note', 'kept');
    await lab.create({ kind: 'vm', memoryMiB: 64, devices: 'virtio', containerHost: false, name: 'one' });
    await shelf.askToEmpty();
    expect(asked).toMatchObject([{ kind: 'new-lab', folders: [{ name: 'shared', files: 1 }] }]);
    expect(lab.list()).toHaveLength(1);
    expect(await shelf.empty()).toBe(true);
    expect(lab.list()).toEqual([]);
    expect(await readFromFolder(lab, 'shared', '/note')).toBe('kept');
    expect(await shelf.empty({ withFolders: true })).toBe(true);
    expect(await readFromFolder(lab, 'shared', '/note')).toBeUndefined();
    await shelf.askToEmpty();
    expect(asked[1]).toEqual({ kind: 'new-lab', folders: [] });
  });

  it('have no folder with something in it where all of that was deleted in the page', async () => {
    const shares = openShares();
    const archives = { conflict: async () => undefined } as unknown as LabArchives;
    const { shelf, asked, lab } = await openShelf({ engine, archives: async () => archives }, shares);
    const folders = await lab.folders();
    await folders.create('shared');
    const folder = await folders.open('shared');
    for (const ask of [() => shelf.askToEmpty(), () => shelf.askToOpen(new File([], 'lab.tar'), {} as LabContents)]) {
      await folder.makeDirectory('/.trash');
      await folder.write('/.trash/deleted', new Uint8Array(1));
      await ask();
      expect(await holdsFiles(folders, 'shared')).toBe(false);
    }
    expect(asked).toMatchObject([{ kind: 'new-lab', folders: [] }, { kind: 'archive' }]);
    folder.dispose();
  });

  it('begin anew when folders that are being saved have been saved, whole', async () => {
    const { shelf, lab } = await openShelf({ engine }, openShares());
    const names = Array.from({ length: 30 }, (_, at) => `note-${at}`);
    for (const name of names) await writeToFolder(lab, 'shared', `/${name}`, 'x'.repeat(100_000));
    const saved = savedFiles();
    void shelf.saveFolder('shared');
    expect(await shelf.empty({ withFolders: true })).toBe(true);
    const [file] = saved;
    if (!file) throw new Error('Nothing was saved');
    const entries = await unpackTar(new Uint8Array(await file.arrayBuffer()));
    expect(entries.map(({ header, data }) => [header.name, data?.length])).toEqual(
      names.map((name) => [name, 100_000]),
    );
    expect(await readFromFolder(lab, 'shared', '/note-0')).toBeUndefined();
  });

  it('remove nothing where a folder that is being saved cannot be', async () => {
    const { shelf, reports, lab } = await openShelf({ engine }, openShares());
    await writeToFolder(lab, 'shared', '/note', 'kept');
    void shelf.saveFolder('none');
    expect(await shelf.empty({ withFolders: true })).toBe(false);
    expect(reports).toEqual([
      expect.stringContaining(scenarioText.savingFolder('none')),
      `${scenarioText.emptying}: ${scenarioText.notSaved}`,
    ]);
    expect(await readFromFolder(lab, 'shared', '/note')).toBe('kept');
  });

  it('are told of where not all of them started, with what to do, which is not to load the page anew', async () => {
    const told: unknown[] = [];
    const plan = { scenario: { name: 'Lab' } };
    const failures = [{ name: 'shop', message: 'nope.invalid did not answer' }];
    const scenarios = { plan: async () => plan, open: () => ({ opened: Promise.resolve({ failures }) }) };
    const { shelf } = await openShelf({
      scenarios: scenarios as unknown as ScenarioShelfOptions['scenarios'],
      report: (_title, error) => told.push(error),
    });
    await shelf.open(plan as never, 'lab.yaml');
    const words = failureWords(serializeError(told[0]));
    expect(words).toBe(`shop: nope.invalid did not answer. ${scenarioText.partlyNext}`);
  });

  it('begin anew where nothing is shared', async () => {
    const { shelf, asked, reports } = await openShelf({ engine });
    await shelf.askToEmpty();
    expect(asked).toEqual([{ kind: 'new-lab', folders: [] }]);
    expect(await shelf.empty({ withFolders: true })).toBe(true);
    expect(reports).toEqual([]);
  });

  it('are told of where an archive cannot be compared with what is here', async () => {
    const failing = {
      read: async () => ({ scanned: {}, losses: [] }),
      conflict: async () => {
        throw new SandboxError('Unavailable', 'The store does not answer');
      },
    } as unknown as LabArchives;
    const { shelf, reports, asked } = await openShelf({ archives: async () => failing });
    await shelf.showFile(new File([], 'lab.tar'));
    expect(reports).toEqual([expect.stringMatching(/lab\.tar.*: The store does not answer/)]);
    expect(asked).toEqual([]);
  });
});
