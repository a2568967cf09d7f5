import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Signal, signal } from '@preact/signals-core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { hostPrograms } from '../../../test/support/host-programs';
import type { ExecSpec } from '../../api/instance';
import type { SandboxError } from '../../base/errors';
import { eventually } from '../../base/eventually-fixture';
import { FakeClock } from '../../base/fake-clock';
import { Tasks } from '../../engine/tasks';
import type { Dialog } from '../dialog';
import { fileText } from '../text/files';
import type { FileShelf } from './file-shelf';
import { type GuestFilesPage, openGuestFiles } from './open-guest-files';

describe('the files of a guest in the page', () => {
  let root: string;
  let clock: FakeClock;
  let page: GuestFilesPage;
  let shelf: FileShelf;
  let reported: { readonly title: string; readonly code: string }[];
  let undo: (() => void)[];
  let asked: Dialog[];
  let dialog: Signal<Dialog | undefined>;
  /** Programs that were started. */
  let programs: number;

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'file-shelf-'));
    clock = new FakeClock();
    reported = [];
    undo = [];
    asked = [];
    dialog = signal<Dialog | undefined>(undefined);
    programs = 0;
    page = {
      report: (title: string, error: SandboxError) => void reported.push({ title, code: error.code }),
      announce: () => {},
      offerUndo: (_: string, back: () => void) => void undo.push(back),
      dialog,
      ask: (next: Dialog) => {
        asked.push(next);
        dialog.value = next;
      },
    } as unknown as GuestFilesPage;
    shelf = visit();
  });
  afterEach(() => rm(root, { recursive: true }));

  const owner = {
    id: 'a',
    exec: (spec: ExecSpec) => {
      programs += 1;
      return hostPrograms(spec);
    },
    isThere: () => true,
  };
  const visit = (): FileShelf => openGuestFiles(owner, page, new Tasks(clock), clock);
  const at = (name: string): string => join(root, name);
  const put = (name: string, content: string): Promise<void> => writeFile(at(name), content);
  const content = (name: string): Promise<string> => readFile(at(name), 'utf8');
  const names = async (): Promise<string[]> => (await readdir(root)).sort();

  it('that were deleted come back as they were, whatever was deleted after them and in another visit', async () => {
    await put('a', 'of a');
    await put('b', 'of b');
    await shelf.remove(at('a'));
    await visit().remove(at('b'));
    expect((await names()).filter((name) => !name.startsWith('.strata-deleted-'))).toEqual([]);
    for (const back of undo) back();
    await eventually(async () => expect(await names()).toEqual(['a', 'b']));
    expect([await content('a'), await content('b')]).toEqual(['of a', 'of b']);
    expect([clock.pending, reported]).toEqual([0, []]);
  });

  it('that were deleted are gone when nobody wants them back', async () => {
    await put('a', '');
    await shelf.remove(at('a'));
    expect(await names()).toEqual([expect.stringMatching(/^\.strata-deleted-/)]);
    await clock.advance(11_000);
    await eventually(async () => expect(await names()).toEqual([]));
  });

  it('that are brought back replace nothing, and can be brought back later', async () => {
    await put('a', 'old');
    await shelf.remove(at('a'));
    await put('a', 'new');
    undo[0]?.();
    await eventually(() => expect(undo).toHaveLength(2));
    expect(reported).toEqual([{ title: fileText.failed.bringBack(at('a')), code: 'AlreadyExists' }]);
    expect(await content('a')).toBe('new');
    await rm(at('a'));
    undo[1]?.();
    await eventually(async () => expect(await content('a')).toBe('old'));
  });

  it('are made and renamed under free names only', async () => {
    await put('a', 'of a');
    await put('b', 'of b');
    await mkdir(at('d'));
    expect(await shelf.makeFile(root, 'a')).toBe(false);
    expect(await shelf.makeDirectory(root, 'd')).toBe(false);
    expect(await shelf.rename(at('a'), 'b')).toBe(false);
    expect(await shelf.rename(at('a'), 'd')).toBe(false);
    expect(reported.map(({ code }) => code)).toEqual(Array(4).fill('AlreadyExists'));
    expect([await content('a'), await content('b')]).toEqual(['of a', 'of b']);
    expect(await shelf.rename(at('a'), 'c')).toBe(true);
    expect(await shelf.makeFile(root, 'new')).toBe(true);
    expect(await names()).toEqual(['b', 'c', 'd', 'new']);
  });

  it('are made and renamed under names only', async () => {
    await put('a', '');
    for (const name of ['', '.', '..', '../b', '/', 'b/c']) {
      expect(await shelf.makeFile(root, name)).toBe(false);
      expect(await shelf.makeDirectory(root, name)).toBe(false);
      expect(await shelf.rename(at('a'), name)).toBe(false);
    }
    expect(new Set(reported.map(({ code }) => code))).toEqual(new Set(['InvalidArgument']));
    expect(await names()).toEqual(['a']);
  });

  const bring = (...files: readonly (readonly [string, string])[]): Promise<boolean> =>
    shelf.upload(
      root,
      files.map(([name, text]) => new File([text], name)),
    );
  /** What is asked now, once it is; `names` are taken. */
  const question = async (...names: readonly string[]) => {
    await eventually(() => expect(dialog.value).toMatchObject({ kind: 'replace-files', names }));
    return dialog.value as Extract<Dialog, { readonly kind: 'replace-files' }>;
  };
  const answer = async (choice: 'replace' | 'keepBoth', ...names: readonly string[]): Promise<void> => {
    (await question(...names))[choice]!();
    dialog.value = undefined;
  };
  /** A file whose bytes come when it is let go. */
  const heldFile = (name: string, text: string) => {
    const { writable, readable } = new TransformStream<Uint8Array, Uint8Array>();
    const file = Object.assign(new File([text], name), { stream: () => readable });
    return { file, letGo: () => void new Blob([text]).stream().pipeTo(writable) };
  };

  it('that are brought are written at once where no name is taken', async () => {
    await put('a', 'of a');
    await bring(['b', 'new b'], ['c', 'new c']);
    await eventually(async () => expect(await names()).toEqual(['a', 'b', 'c']));
    expect([await content('a'), asked]).toEqual(['of a', []]);
  });

  it('that are brought replace others only when that was said, once for all of them', async () => {
    await put('a', 'of a');
    await put('b', 'of b');
    void bring(['a', 'new a'], ['b', 'new b'], ['c', 'new c']);
    expect(await question('a', 'b')).toMatchObject({ directory: root });
    expect(programs).toBe(1);
    // Nothing is written before the answer, and never without one.
    expect([await names(), await content('a'), await content('b')]).toEqual([['a', 'b'], 'of a', 'of b']);
    await answer('replace', 'a', 'b');
    await eventually(async () => expect(await names()).toEqual(['a', 'b', 'c']));
    await eventually(async () =>
      expect([await content('a'), await content('b'), await content('c')]).toEqual(['new a', 'new b', 'new c']),
    );
  });

  it('that are brought are kept beside those of their names when that was said', async () => {
    for (const name of ['a.txt', 'a (2).txt', 'x.tar.gz', '.profile']) await put(name, 'old');
    void bring(['a.txt', 'new'], ['x.tar.gz', 'new'], ['.profile', 'new'], ['a (3).txt', 'new']);
    await answer('keepBoth', 'a.txt', 'x.tar.gz', '.profile');
    const brought = ['a (4).txt', 'x (2).tar.gz', '.profile (2)', 'a (3).txt'];
    const there = ['a.txt', 'a (2).txt', 'x.tar.gz', '.profile'];
    await eventually(async () => expect(await names()).toEqual([...brought, ...there].sort()));
    for (const name of brought) expect(await content(name)).toBe('new');
    for (const name of there) expect(await content(name)).toBe('old');
  });

  it('that are brought have their names before they are written', async () => {
    await put('a', 'of a');
    const [first, second] = [heldFile('a', 'first'), heldFile('b', 'second')];
    void shelf.upload(root, [first.file]);
    await answer('keepBoth', 'a');
    await shelf.upload(root, [second.file]);
    void bring(['a', 'third'], ['b', 'fourth']);
    await answer('keepBoth', 'a', 'b');
    const brought = ['a (3)', 'b (2)'];
    await eventually(async () => expect(await names()).toEqual(expect.arrayContaining(brought)));
    for (const { letGo } of [first, second]) letGo();
    const all = ['a', 'a (2)', 'a (3)', 'b', 'b (2)'];
    await eventually(async () => expect(await names()).toEqual(all));
    expect(await Promise.all(all.map(content))).toEqual(['of a', 'first', 'third', 'second', 'fourth']);
  });

  it('that are brought together under one name are all kept when that was said', async () => {
    void bring(['a', 'one'], ['a', 'two'], ['b', 'of b'], ['a', 'three']);
    await answer('keepBoth', 'a');
    const all = ['a', 'a (2)', 'a (3)', 'b'];
    await eventually(async () => expect(await names()).toEqual(all));
    expect(await Promise.all(all.map(content))).toEqual(['one', 'two', 'three', 'of b']);
  });

  it('that are brought at once with others see the names of those', async () => {
    void bring(['a', 'one']);
    void bring(['a', 'two']);
    await answer('keepBoth', 'a');
    await eventually(async () => expect(await names()).toEqual(['a', 'a (2)']));
    expect([await content('a'), await content('a (2)')]).toEqual(['one', 'two']);
  });

  it('that are brought last are those that stay when they replace what is still being written', async () => {
    const first = heldFile('a', 'first');
    await shelf.upload(root, [first.file]);
    void bring(['a', 'last']);
    await answer('replace', 'a');
    await bring(['b', 'of b']);
    await eventually(async () => expect(await names()).toContain('b'));
    first.letGo();
    await eventually(async () => expect(await content('a')).toBe('last'));
    await eventually(async () => expect(await names()).toEqual(['a', 'b']));
    expect(await content('a')).toBe('last');
  });

  it('that are brought are asked of one after the other, and take the place of no dialog', async () => {
    for (const name of ['a', 'b', 'c']) await put(name, 'old');
    dialog.value = { kind: 'settings' };
    void bring(['a', 'new a']);
    void bring(['b', 'new b']);
    const last = bring(['c', 'new c']);
    await shelf.refresh();
    expect(dialog.value).toEqual({ kind: 'settings' });
    dialog.value = undefined;
    await answer('replace', 'a');
    await question('b');
    // Closed without an answer.
    dialog.value = undefined;
    await answer('replace', 'c');
    await last;
    await eventually(async () => expect([await content('a'), await content('c')]).toEqual(['new a', 'new c']));
    expect([await content('b'), asked.length]).toEqual(['old', 3]);
  });

  it('keep their line breaks and their byte order mark when they are edited', async () => {
    await put('a', '\uFEFFone\r\ntwo\r\n');
    await shelf.edit(at('a'));
    const edit = shelf.edited.value!;
    expect(edit.draft).toBe('one\ntwo\n');
    edit.draft = 'one\n2\n';
    await shelf.save(edit);
    expect(await content('a')).toBe('\uFEFFone\r\n2\r\n');
    expect(edit.unsaved).toBe(false);
  });

  it('are not edited when they could not be given back as they were', async () => {
    await put('mixed', 'one\r\ntwo\n');
    expect(await shelf.edit(at('mixed'))).toBe(false);
    expect(shelf.edited.value).toBeUndefined();
    expect(reported).toEqual([{ title: fileText.failed.edit(at('mixed')), code: 'InvalidArgument' }]);
  });

  it('that somebody else has changed are overwritten by nobody who did not say so', async () => {
    await put('a', 'one');
    await shelf.edit(at('a'));
    const edit = shelf.edited.value!;
    edit.draft = 'mine';
    // Of the same size and, as guests tell it, of the same second.
    await put('a', 'two');
    await shelf.save(edit);
    expect([await content('a'), edit.overtaken.value, edit.unsaved]).toEqual(['two', true, true]);
    await shelf.save(edit, true);
    expect([await content('a'), edit.overtaken.value, edit.unsaved]).toEqual(['mine', false, false]);
    edit.draft = 'mine again';
    await shelf.save(edit);
    expect(await content('a')).toBe('mine again');
  });

  it('keep what is typed while they are opened once more', async () => {
    await put('a', 'one');
    await shelf.edit(at('a'));
    const again = shelf.edit(at('a'));
    const edit = shelf.edited.value!;
    edit.draft = 'typed';
    await again;
    expect(shelf.edited.value).toBe(edit);
    await shelf.save(edit);
    expect(await content('a')).toBe('typed');
    // It is saved: who opens it now sees the file as it is.
    await put('a', 'two');
    await shelf.edit(at('a'));
    expect(shelf.edited.value?.draft).toBe('two');
  });

  it('are shown as they are to who gives up what is not saved', async () => {
    await put('a', 'one');
    await shelf.edit(at('a'));
    shelf.edited.value!.draft = 'mine';
    await put('a', 'two');
    await shelf.discard(shelf.edited.value!);
    expect(shelf.edited.value).toMatchObject({ draft: 'two', unsaved: false });
  });

  it('have what was not saved when they are edited again: after another file, and in another visit', async () => {
    await put('a', 'of a');
    await put('b', 'of b');
    await shelf.edit(at('a'));
    shelf.edited.value!.draft = 'not saved';
    await shelf.edit(at('b'));
    expect(shelf.edited.value?.draft).toBe('of b');
    await shelf.edit(at('a'));
    expect(visit().edited.value?.draft).toBe('not saved');
    shelf.closeEditor();
    await visit().rename(at('a'), 'c');
    await visit().edit(at('c'));
    expect(visit().edited.value?.draft).toBe('not saved');
    await visit().save(shelf.edited.value!);
    expect(await content('c')).toBe('not saved');
    expect(await content('b')).toBe('of b');
  });

  it('say whether they have been read', async () => {
    expect(shelf.status.value).toBe('reading');
    await shelf.refresh();
    expect(shelf.status.value).toBe('read');
  });

  it('say that they could not be read, and are read when that is tried again', async () => {
    let isGone = true;
    const broken = {
      ...owner,
      exec: (spec: ExecSpec) => (isGone ? Promise.reject(new Error('gone')) : hostPrograms(spec)),
    };
    const other = openGuestFiles(broken, { ...page }, { run: () => {} } as never, clock);
    await other.refresh();
    expect([other.status.value, reported.length]).toEqual(['failed', 1]);
    isGone = false;
    await other.refresh();
    expect(other.status.value).toBe('read');
  });
});
