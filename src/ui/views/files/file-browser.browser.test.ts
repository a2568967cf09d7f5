import { type Signal, signal } from '@preact/signals-core';
import { packTar } from 'modern-tar';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { userEvent } from 'vitest/browser';
import type { Process } from '../../../api/instance';
import type { SharedFolder } from '../../../api/shared-folder';
import { systemClock } from '../../../base/clock';
import { createDeferred } from '../../../base/deferred';
import type { SandboxError } from '../../../base/errors';
import { LabFolders } from '../../../engine/folders/lab-folders';
import { pageFolder } from '../../../engine/folders/page-folder';
import type { InstanceRecord } from '../../../engine/instance-record';
import { ShareAttachments } from '../../../engine/share-attachments';
import { Tasks } from '../../../engine/tasks';
import { FolderStore } from '../../../storage/folders/folder-store';
import { MemoryFolderBackend } from '../../../storage/folders/memory-folder-backend';
import { askInTurn, type Question } from '../../ask-in-turn';
import type { Dialog } from '../../dialog';
import { axeProblems } from '../../elements/axe-problems';
import { FileShelf } from '../../files/file-shelf';
import { FolderShelf } from '../../files/folder-shelf';
import { GuestFolder } from '../../files/guest-folder';
import type { Store } from '../../store';
import '../../styles/tokens.css';
import { text } from '../../text';
import { fileText } from '../../text/files';
import { ReplaceDialog } from '../dialogs/replace-dialog';
import { InstanceFiles } from '../instance/instance-files';
import { FileBrowser } from './file-browser';
import type { TextEditor } from './text-editor';

describe('files that are browsed', () => {
  let end: (() => Promise<void>)[];
  let folder: SharedFolder;
  let shelf: FolderShelf;
  let browser: FileBrowser;
  let reported: string[];
  let announced: string[];
  let page: { readonly dialog: Signal<Dialog | undefined>; readonly ask: (dialog: Dialog | undefined) => void };

  const words = () => ({
    tasks: new Tasks(systemClock),
    clock: systemClock,
    report: (_: string, error: unknown) => void reported.push((error as SandboxError).code),
    announce: (message: string) => void announced.push(message),
    offerUndo: () => {},
    ask: <Answer>(question: Question<Answer>) => askInTurn(page, question),
  });

  beforeEach(async () => {
    [reported, announced] = [[], []];
    const shown = signal<Dialog | undefined>(undefined);
    page = {
      dialog: shown,
      ask: (dialog) => {
        shown.value = dialog;
      },
    };
    const store = new FolderStore(new MemoryFolderBackend({ limit: 1_000_000 }), systemClock);
    const attachments = new ShareAttachments({
      shares: { openLayer: async () => new MessageChannel().port1, folders: store },
      session: 'lab',
      randomId: () => crypto.randomUUID(),
      storeLost: () => ({ dispose: () => {} }),
      clock: systemClock,
      failed: (error) => {
        throw error;
      },
    });
    const folders = new LabFolders({ folders: store, attachments, session: 'lab', clock: systemClock });
    await folders.create(pageFolder);
    folder = await folders.open(pageFolder);
    for (const name of ['a', 'b', 'c']) await folder.write(`/${name}`, new TextEncoder().encode(`of ${name}`));
    shelf = await FolderShelf.open(folders, words());
    document.title = 'Strata';
    document.documentElement.lang = 'en';
    browser = show(shelf);
    end = [
      async () => shelf.dispose(),
      async () => folders.dispose(),
      async () => attachments.dispose(),
      () => store.dispose(),
    ];
    await expect.poll(() => row('/c')).toBeTruthy();
  });
  afterEach(async () => {
    document.body.replaceChildren();
    for (const each of end) await each();
  });

  function show(of: FileShelf): FileBrowser {
    const shown = new FileBrowser();
    shown.shelf = of;
    document.body.replaceChildren(shown);
    return shown;
  }
  const row = (path: string) => browser.renderRoot.querySelector<HTMLElement>(`[data-path="${path}"]`);
  const editor = () => browser.renderRoot.querySelector<TextEditor>('strata-text-editor');
  const field = () => editor()?.renderRoot.querySelector('textarea') ?? undefined;
  const content = async (path: string) => new Response(await folder.read(path)).text();
  const button = (label: string) =>
    [...browser.renderRoot.querySelectorAll('button'), ...(editor()?.renderRoot.querySelectorAll('button') ?? [])].find(
      ({ textContent }) => textContent?.trim() === label,
    );
  /** The path of the row, or the name of the element, that has the focus. */
  const focus = (): string | undefined => {
    let { activeElement } = document;
    while (activeElement?.shadowRoot?.activeElement) activeElement = activeElement.shadowRoot.activeElement;
    return activeElement?.getAttribute('data-path') ?? activeElement?.localName;
  };
  const focusBecomes = (wanted: string) => expect.poll(focus).toBe(wanted);
  const press = (keys: string) => userEvent.keyboard(keys);
  /** Edits the file by keys alone. */
  const open = async (path: string, text: string) => {
    row(path)?.focus();
    await press('{Enter}');
    await focusBecomes('textarea');
    await expect.poll(() => field()?.value).toBe(text);
  };

  it('take no text of each other, and keep what was not saved', async () => {
    await open('/a', 'of a');
    await press('{Control>}a{/Control}mine');
    expect(field()?.value).toBe('mine');
    button(fileText.newFile)?.click();
    await focusBecomes('input');
    await press('new{Enter}');
    await focusBecomes('textarea');
    expect([shelf.edited.value?.path, field()?.value]).toEqual(['/new', '']);
    button(fileText.save)?.click();
    await expect.poll(() => announced).toEqual([fileText.saved('/new')]);
    await open('/b', 'of b');
    expect([await content('/new'), await content('/a')]).toEqual(['', 'of a']);
    await open('/a', 'mine');
    browser = show(shelf);
    await expect.poll(() => field()?.value).toBe('mine');
    expect(await content('/a')).toBe('of a');
    field()?.focus();
    await press('{Control>}s{/Control}');
    await expect.poll(() => content('/a')).toBe('mine');
  });

  it('that somebody else has changed are overwritten when that is asked for', async () => {
    await open('/a', 'of a');
    await press('{Control>}a{/Control}mine');
    await folder.write('/a', new TextEncoder().encode('theirs'));
    await press('{Control>}s{/Control}');
    await expect.poll(() => button(fileText.overwrite)).toBeTruthy();
    expect(await content('/a')).toBe('theirs');
    expect(await axeProblems(browser)).toEqual([]);
    button(fileText.overwrite)?.click();
    await expect.poll(() => content('/a')).toBe('mine');
    await expect.poll(() => button(fileText.overwrite)).toBeUndefined();
    await focusBecomes('textarea');
  });

  it('keep their place when a new one wants their name, which can be made another', async () => {
    button(fileText.newFile)?.click();
    await focusBecomes('input');
    await press('b{Enter}');
    await expect.poll(() => reported).toEqual(['AlreadyExists']);
    expect([await content('/b'), focus()]).toEqual(['of b', 'input']);
    await press('2{Enter}');
    await expect.poll(() => shelf.edited.value?.path).toBe('/b2');
  });

  it('have names without slashes, which is said in words of the page', async () => {
    button(fileText.newFile)?.click();
    await focusBecomes('input');
    await press('a/b');
    const input = browser.renderRoot.querySelector<HTMLInputElement>('form.name input')!;
    expect(input.validationMessage).toBe(fileText.noSlash);
    await press('{Backspace}{Backspace}');
    expect(input.validationMessage).toBe('');
  });

  it('are where the focus is after each thing that is done to them', async () => {
    row('/b')?.focus();
    await press('{F2}');
    await focusBecomes('input');
    await press('{Escape}');
    await focusBecomes('/b');
    await press('{F2}');
    await focusBecomes('input');
    await press('renamed{Enter}');
    await focusBecomes('/renamed');
    await open('/renamed', 'of b');
    button(fileText.close)?.click();
    await focusBecomes('/renamed');
    row('/a')?.focus();
    await press('{Delete}');
    await focusBecomes('/c');
    await press('{Delete}');
    await focusBecomes('/renamed');
    await press('{Delete}');
    await focusBecomes('button');
    button(fileText.newDirectory)?.click();
    await focusBecomes('input');
    await press('d{Enter}');
    await focusBecomes('/d');
  });

  /** Gives files to a field of the browser, and waits for what is asked then. */
  const bring = async (field: string, ...files: readonly File[]): Promise<ReplaceDialog> => {
    await userEvent.upload(browser.renderRoot.querySelector<HTMLInputElement>(field)!, [...files]);
    await expect.poll(() => page.dialog.value).toMatchObject({ kind: 'replace-files', directory: '/' });
    const dialog = new ReplaceDialog();
    dialog.store = {} as Store;
    dialog.dialog = page.dialog.value as typeof dialog.dialog;
    dialog.addEventListener('end', () => page.ask(undefined));
    document.body.append(dialog);
    await dialog.updateComplete;
    return dialog;
  };
  const choices = (dialog: ReplaceDialog): readonly HTMLButtonElement[] => [
    ...dialog.renderRoot.querySelectorAll<HTMLButtonElement>('.foot button'),
  ];
  const choose = (dialog: ReplaceDialog, label: string): void =>
    choices(dialog)
      .find(({ textContent }) => textContent?.trim() === label)
      ?.click();
  const names = async () => (await folder.list('/')).map(({ name }) => name);

  it('that are uploaded replace nothing before somebody says so, in a dialog that can keep both', async () => {
    const upload = (...brought: readonly string[]): Promise<ReplaceDialog> =>
      bring('#upload', ...brought.map((name) => new File([`new ${name}`], name)));

    const canceled = await upload('a', 'b', 'd');
    expect(canceled.renderRoot.querySelector('h2')?.textContent).toBe(fileText.replace.title(['a', 'b']));
    expect(await axeProblems(canceled)).toEqual([]);
    choose(canceled, text.dialogs.cancel);
    choose(await upload('a'), fileText.replace.keepBoth);
    await expect.poll(names).toEqual(['a', 'a (2)', 'b', 'c']);
    expect([await content('/a'), await content('/b')]).toEqual(['of a', 'of b']);
    choose(await upload('a', 'b', 'd'), fileText.replace.go);
    await expect.poll(names).toEqual(['a', 'a (2)', 'b', 'c', 'd']);
    await expect.poll(() => content('/b')).toBe('new b');
    expect([await content('/a'), await content('/a (2)')]).toEqual(['new a', 'new a']);
  });

  it('that are in a tar replace nothing before somebody says so, and all of them then', async () => {
    const many = Array.from({ length: 11 }, (_, at) => `many/${at}`);
    await folder.makeDirectory('/many');
    for (const path of many) await folder.write(path, new TextEncoder().encode('old'));
    const entries = ['a', 'new', ...many].map((name) => ({ header: { name, size: 3 }, body: 'new' }));
    const tar = new File([(await packTar(entries)) as Uint8Array<ArrayBuffer>], 'files.tar');

    const canceled = await bring('#unpack', tar);
    const listed = [...canceled.renderRoot.querySelectorAll('li')].map(({ textContent }) => textContent);
    expect(canceled.renderRoot.querySelector('h2')?.textContent).toBe(fileText.replace.title(['a', ...many]));
    expect(listed).toEqual(['a', ...many.slice(0, 9), fileText.replace.more(2)]);
    expect(choices(canceled).map(({ textContent }) => textContent?.trim())).toEqual([
      text.dialogs.cancel,
      fileText.replace.go,
    ]);
    expect(await axeProblems(canceled)).toEqual([]);
    choose(canceled, text.dialogs.cancel);
    choose(await bring('#unpack', tar), fileText.replace.go);
    await expect.poll(() => content('/many/10')).toBe('new');
    expect([await content('/a'), await names()]).toEqual(['new', ['a', 'b', 'c', 'many', 'new']]);
  });

  it('are not replaced by a key that was pressed before the question was read, and the focus comes back', async () => {
    const tar = new File(
      [(await packTar([{ header: { name: 'a', size: 3 }, body: 'new' }])) as Uint8Array<ArrayBuffer>],
      'a.tar',
    );
    const within = (dialog: ReplaceDialog) => (dialog.renderRoot as ShadowRoot).activeElement?.textContent?.trim();
    for (const key of ['{Enter}{Escape}', ' {Escape}', '{Escape}']) {
      button(fileText.importTar)?.focus();
      const dialog = await bring('#unpack', tar);
      await press(key);
      await expect.poll(() => page.dialog.value).toBeUndefined();
      dialog.remove();
      expect((browser.renderRoot as ShadowRoot).activeElement).toBe(button(fileText.importTar));
    }
    expect(await content('/a')).toBe('of a');
    const dialog = await bring('#unpack', tar);
    await press('{Tab}{Tab}');
    expect(within(dialog)).toBe(text.dialogs.cancel);
    await press('{Tab}');
    expect(within(dialog)).toBe(fileText.replace.go);
    await press('{Enter}');
    await expect.poll(() => content('/a')).toBe('new');
  });

  it('that are more than can be named are said to be more', async () => {
    const dialog = new ReplaceDialog();
    dialog.store = {} as Store;
    const paths = Array.from({ length: 12 }, (_, at) => `${at}`);
    dialog.dialog = { kind: 'replace-files', directory: '/', names: paths, more: true, replace: () => {} };
    document.body.append(dialog);
    await dialog.updateComplete;
    expect(dialog.renderRoot.querySelector('h2')?.textContent).toBe('Replace more than 12 files?');
    expect(dialog.renderRoot.querySelector('li:last-child')?.textContent).toBe('and more than 2 others');
  });

  it('of a machine are said to be read, or not to be had, and tried again', async () => {
    const asked = [createDeferred<Process>(), createDeferred<Process>()];
    let times = 0;
    const guest = new FileShelf(words(), new GuestFolder(() => asked[times++]!.promise));
    browser = show(guest);
    const said = () => browser.renderRoot.querySelector('.none')?.textContent ?? '';
    void guest.refresh();
    await expect.poll(said).toBe(fileText.reading);
    asked[0]!.reject(new Error('gone'));
    await expect.poll(said).toContain(fileText.notRead);
    expect(await axeProblems(browser)).toEqual([]);
    button(fileText.retry)?.click();
    await expect.poll(said).toBe(fileText.reading);
    asked[1]!.resolve(emptyListing());
    await expect.poll(said).toContain(fileText.emptyGuestDetail);
  });

  it('of a machine that cannot be fetched are told of, and fetched with the next visit', async () => {
    let fetched = 0;
    const store = {
      guestFiles: async () => {
        fetched += 1;
        if (fetched === 1) throw new Error('offline');
        return shelf;
      },
      report: () => void reported.push('not fetched'),
      instances: { value: [] },
    } as unknown as Store;
    const visit = (): InstanceFiles => {
      const files = new InstanceFiles();
      files.store = store;
      files.record = { id: 'a', name: 'web', state: { phase: 'running' } } as InstanceRecord;
      document.body.replaceChildren(files);
      return files;
    };
    visit();
    await expect.poll(() => reported).toEqual(['not fetched']);
    const again = visit();
    await expect.poll(() => again.renderRoot.querySelector<FileBrowser>('strata-file-browser')?.shelf).toBe(shelf);
  });
});

/** What a guest says of a directory that has nothing in it. */
function emptyListing(): Process {
  return {
    id: '1',
    stdin: new WritableStream(),
    stdout: new Blob([]).stream(),
    stderr: new Blob([]).stream(),
    exited: Promise.resolve(0),
    resize: () => {},
    kill: () => {},
  };
}
