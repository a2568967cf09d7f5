import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { root } from '../../scripts/lib/paths.mjs';
import type { LabLoss } from '../../src/engine/archive/salvage-lab';
import { readLesson } from '../../src/formats/lesson/read-lesson';
import type { Dialog } from '../../src/ui/dialog';
import { places } from '../../src/ui/route';
import { pseudo, untranslated } from '../support/pseudo-locale';
import { faultless, imageNames, lessonWords, PseudoPage } from '../support/pseudo-page';

/** Of what is lost in an archive, each kind; with what is in the way of it. */
const archive = (() => {
  const kinds: readonly LabLoss['kind'][] = [
    ...(['machine', 'memory', 'snapshot', 'volume', 'container', 'folder', 'image', 'unreadable'] as const),
  ];
  const losses = kinds.map((kind) => ({ kind, name: 'oak' }));
  const scanned = { document: { name: 'lecture', savedAt: 0, records: [] }, bytes: 5_000_000, images: [] };
  const contents = JSON.stringify({ scanned, losses, replaced: ['oak'] });
  return (conflict: string) =>
    `{ kind: 'archive', file: new File([''], 'some.tar'), contents: ${contents}${conflict} }`;
})();

/** Names of unikernels that the registry has, and of their cards. */
const programs = ['service', 'hello', 'httpd', 'kv', 'dns', 'lb', 'click', 'search'];

const dialogs: readonly (readonly [Dialog['kind'], Dialog | string])[] = [
  ...(['new-vm', 'new-unikernel', 'new-app', 'new-machine', 'new-container', 'new-network', 'new-volume'] as const).map(
    (kind) => [kind, { kind }] as const,
  ),
  ...(['signatures', 'settings', 'help', 'palette'] as const).map((kind) => [kind, { kind }] as const),
  ['egress', { kind: 'egress', network: 'default' }],
  ['archive', archive('')],
  ['archive', archive(`, conflict: { message: 'oak', isSolvedByNewLab: true }`)],
  ...(['waiting', 'isolation'] as const).map((lacks): readonly [Dialog['kind'], Dialog] => {
    const offer = { name: 'oak', image: 'oak', flavor: 'wasix', lacks } as const;
    return ['new-app', { kind: 'new-app', offer }];
  }),
  ['brought-tar', `{ kind: 'brought-tar', file: new File(['x'], 'some.tar'), guess: 'images' }`],
  ['new-lab', { kind: 'new-lab', folders: [] }],
  [
    'replace-files',
    `{ kind: 'replace-files', directory: '/tmp', names: ['one.txt', 'two.txt'], replace() {}, keepBoth() {} }`,
  ],
];

/** As the dialogs above have them. */
const names = ['some.tar', '/tmp', 'one.txt', 'two.txt', 'lecture', 'oak'];

function stringsIn(value: unknown): readonly string[] {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(stringsIn) : [];
}

/** The page in a language that has longer words: its views without a machine, its dialogs, forms, messages and frames. */
describe('the page in another language', { timeout: 120_000 }, () => {
  let shown: PseudoPage;
  const lessons = lessonWords();

  beforeAll(async () => {
    shown = await PseudoPage.open();
  }, 120_000);
  afterAll(() => shown?.close());

  const submit = (): Promise<void> => shown.page.locator('dialog[open] button[type="submit"]').click();
  /** Writes something wrong into the first field of the dialog, and nothing where a number belongs. */
  const mistype = async (): Promise<void> => {
    const fields = shown.page.locator('dialog[open] .content');
    await fields.locator('input:is(:not([type]), [type="text"])').first().fill('Not a name!');
    for (const number of await fields.locator('input[type="number"]').all()) await number.fill('');
  };
  const scenario = (text: string): Promise<unknown> =>
    shown.store(
      `parts.scenarios.get().then((shelf) => shelf.showFile(new File([${JSON.stringify(text)}], 'some.yaml')))`,
    );

  it('has what is replaced between marks, and nothing else is left', () => {
    const text = `${pseudo('Open')} web ${pseudo(`Run ${pseudo('it')} now with oak`, ['oak'])}`;
    expect(text).toBe('⟦Oþéñ~~⟧ web ⟦Rúñ~~ ⟧⟦íŧ~⟧⟦ ñóŵ~~ ŵíŧħ~~ ⟧oak');
    expect(untranslated(text).trim().split(/\s+/)).toEqual(['web', 'oak']);
  });

  it.each(places)('has no word of its own in the view "%s", and room for longer ones', async (place) => {
    await shown.go(place);
    expect(await shown.look({ given: [...lessons, ...imageNames()] })).toEqual(faultless);
  });

  it.each(dialogs)('nor in the dialog "%s"', async (_, dialog) => {
    await shown.go('overview');
    await shown.ask(dialog);
    expect(await shown.look({ given: [...programs, ...lessons, ...names] })).toEqual(faultless);
    await shown.dismiss();
  });

  it.each(['new-vm', 'new-unikernel', 'new-container', 'new-volume'] as const)(
    'nor in what the dialog "%s" says of what is wrong',
    async (kind) => {
      await shown.ask({ kind });
      await mistype();
      await submit();
      const wrong = shown.page.locator('dialog[open] .problem').filter({ hasText: /\p{L}/u });
      // At the foot stands what the lab has said.
      expect(await shown.look({ ready: wrong, without: '.said', given: [...programs, 'Not a name!'] })).toEqual(
        faultless,
      );
      await shown.dismiss();
    },
  );

  it('nor in a scenario that is asked about, or is broken', async () => {
    const text = await readFile(join(root, 'public/scenarios/containers.yaml'), 'utf8');
    await scenario(text);
    const dialog = shown.page.locator('dialog[open]');
    // Its name, and what it says of itself.
    const { name, description } = parse(text) as { name: string; description: string };
    const given = [name, description, 'front', 'lighttpd', 'busybox', 'some.yaml'];
    expect(await shown.look({ ready: dialog, given })).toEqual(faultless);
    await shown.dismiss();
    await scenario('nonsense: [');
    // What is wrong is said by the reader of YAML.
    expect(await shown.look({ ready: dialog, without: 'li', given: ['some.yaml'] })).toEqual(faultless);
    await shown.dismiss();
  });

  it('nor in the palette when nothing matches', async () => {
    await shown.ask({ kind: 'palette' });
    await shown.page.locator('dialog[open] input').fill('qqq');
    expect(await shown.look()).toEqual(faultless);
    await shown.dismiss();
  });

  it('nor around a lesson, its quiz and its checks', async () => {
    const folder = join(root, 'public/lessons/01-cloud');
    const read = (name: string) => readFile(join(folder, name), 'utf8').then((text) => [name, text] as const);
    const written = readLesson(new Map(await Promise.all((await readdir(folder)).map(read))));
    for (const step of [0, 1]) {
      await shown.go(`lessons/01-cloud/${step}`);
      const view = shown.page.locator('strata-lesson-view h2').first();
      const given = [...lessons, ...stringsIn(written)];
      expect(await shown.look({ ready: view, without: '.text', given })).toEqual(faultless);
    }
    await shown.go('overview');
  });

  it('nor in terms of the lecture, notices and messages', async () => {
    await shown.store('settings.change({ lecture: true })');
    for (const place of ['overview', 'networks'] as const) {
      await shown.go(place);
      expect(await shown.look()).toEqual(faultless);
    }
    await shown.store('settings.change({ lecture: false })');
    await shown.store('setOnline(false)');
    await shown.store('setNewVersion(() => {})');
    await shown.store(`setStorage({ persistent: false, reason: 'denied' })`);
    await shown.store(`networkVerbs.create({ name: 'Not a name!', subnet: '10.1.0.0/24', mtu: 1500 })`);
    const failed = shown.page.locator('strata-toast-list .error');
    // What the lab has said of it.
    expect(await shown.look({ ready: failed, without: '.toast p', given: ['Not a name!', 'denied'] })).toEqual(
      faultless,
    );
  });

  it.each(['other', 'lost', 'free'])('nor while the lab is elsewhere: "%s"', async (state) => {
    await shown.store(`setOwnership({ state: '${state}', takeOver() {} })`);
    expect(await shown.look({ ready: shown.page.locator('strata-ownership h2'), given: ['denied'] })).toEqual(
      faultless,
    );
  });

  it.each(['', '#view=lesson&lesson=01-cloud', '#view=nowhere', '#word=1', '#lesson=nothing'])(
    'nor before an embedded lab runs: embed.html%s',
    async (asked) => {
      await shown.page.goto('about:blank');
      await shown.page.goto(`${shown.url}embed.html${asked}`);
      const given = [...lessons, ...places, 'terminal', 'lesson', 'nowhere', 'word', 'nothing'];
      expect(await shown.look({ ready: shown.page.locator('body').filter({ hasText: '⟦' }), given })).toEqual(
        faultless,
      );
    },
  );

  it('nor in the tab of a preview', async () => {
    await shown.page.goto(`${shown.url}preview-tab.html`);
    expect(await shown.look({ ready: shown.page.locator('body').filter({ hasText: '⟦' }) })).toEqual(faultless);
  });
});
