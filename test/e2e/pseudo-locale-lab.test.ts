import type { Locator } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { InstanceId } from '../../src/api/instance';
import { containerTabs, places } from '../../src/ui/route';
import { launch, recordsOf, smallVm } from '../support/page-fleet';
import { faultless, imageNames, lessonWords, PseudoPage } from '../support/pseudo-page';

/** What guests say of themselves: names of processes and files. */
const guests = '[data-path], strata-instance-processes, strata-container-processes';

/** As the engine says whose an image is. */
const used = 'container oak';

const vmTabs = ['terminal', 'summary', 'stats', 'files', 'network', 'ports', 'snapshots', 'log', 'inspect'] as const;
const unikernelTabs = ['terminal', 'summary', 'stats', 'network', 'ports', 'log', 'inspect'] as const;

/** The page in a language that has longer words, with a machine, a unikernel and a container in it. */
describe('a lab in another language', { timeout: 120_000 }, () => {
  let shown: PseudoPage;
  let vm: string;
  let unikernel: string;
  let container: string;

  beforeAll(async () => {
    shown = await PseudoPage.open();
    vm = await launch(shown.page, { ...smallVm, name: 'pine' });
    const image = 'strata/unikernel-httpd:1';
    const draft = { kind: 'unikernel', name: 'elm', image, args: [], config: {}, memoryMiB: 4 } as const;
    unikernel = await launch(shown.page, { ...draft, addressing: 'static' });
    container = (await shown.page.evaluate(runContainer)) as string;
  }, 120_000);
  afterAll(() => shown?.close());

  const app = (selector: string): Locator => shown.page.locator(`strata-app ${selector}`);

  it('runs what is looked at', async () => {
    const records = await recordsOf(shown.page);
    expect(records.map(({ state }) => state.phase)).toEqual(['running', 'running', 'running']);
  });

  it.each(vmTabs)('has no word of its own in the tab "%s" of a machine, and room for longer ones', async (tab) => {
    await shown.go(`machines/${vm}/${tab}`);
    expect(await shown.look({ without: guests })).toEqual(faultless);
  });

  it('nor in that of its processes', async () => {
    await shown.go(`machines/${vm}/processes`);
    // Its table is what ps prints.
    const ready = app('strata-instance-processes td');
    expect(await shown.look({ ready, without: 'td, th' })).toEqual(faultless);
  });

  it.each(unikernelTabs)('nor in the tab "%s" of a unikernel', async (tab) => {
    await shown.go(`machines/${unikernel}/${tab}`);
    expect(await shown.look()).toEqual(faultless);
  });

  it.each(containerTabs)('nor in the tab "%s" of a container', async (tab) => {
    await shown.go(`containers/${container}/${tab}`);
    // A table of docker top, and names of the kernel.
    const without = tab === 'processes' ? 'td, th' : tab === 'kernel' ? 'pre, .mono' : guests;
    expect(await shown.look({ without })).toEqual(faultless);
  });

  it.each(places)('nor in the view "%s"', async (place) => {
    await shown.go(place);
    expect(await shown.look({ given: [...imageNames(), ...lessonWords(), used] })).toEqual(faultless);
  });

  it.each(['rename', 'snapshot'] as const)('nor in the dialog "%s"', async (kind) => {
    await shown.ask({ kind, id: vm as InstanceId });
    await shown.page.locator('dialog[open] input').first().fill('');
    expect(await shown.look()).toEqual(faultless);
    await shown.dismiss();
  });

  it('nor in what the dialog of a clone says of what is wrong', async () => {
    await shown.ask({ kind: 'clone', name: 'pine', source: { instance: vm as InstanceId } });
    await shown.page.locator('dialog[open] textarea').fill('one\none\nNot a name!');
    await shown.page.locator('dialog[open] button[type="submit"]').click();
    const ready = shown.page.locator('dialog[open] .problem').filter({ hasText: /\p{L}/u });
    expect(await shown.look({ ready, given: ['one'] })).toEqual(faultless);
    await shown.dismiss();
  });

  it('nor in the palette, which has a command for all there is', async () => {
    await shown.ask({ kind: 'palette' });
    // It shows the first that match.
    const option = shown.page.locator('dialog[open] [role="option"]');
    for (const typed of ['oak', 'pine', 'elm', ...'áéíóúšŧñřłđ']) {
      await shown.page.locator('dialog[open] input').fill(typed);
      const ready = option.filter({ hasText: typed });
      expect(await shown.look({ ready, given: lessonWords(), widths: [typed.length === 1 ? 1280 : 320] })).toEqual(
        faultless,
      );
    }
    await shown.dismiss();
  });

  it('nor in a snapshot, and the question before it is deleted', async () => {
    await shown.page.evaluate(`strata.lab.snapshot('${vm}', { name: 'first' }).finished`);
    await shown.go('snapshots');
    await app('strata-snapshot-tree [data-id]').first().click();
    const buttons = app('strata-snapshots-view [role="toolbar"] button');
    expect(await shown.look({ ready: buttons })).toEqual(faultless);
    await buttons.last().click();
    expect(await shown.look({ ready: shown.page.locator('dialog[open]') })).toEqual(faultless);
    await shown.dismiss();
  });

  it('nor in the traffic of a link', async () => {
    await shown.go('topology');
    await app('strata-topology-view [data-node]').filter({ hasText: 'pine' }).first().focus();
    await shown.page.keyboard.press('l');
    expect(await shown.look({ ready: app('section.traffic') })).toEqual(faultless);
  });

  it('nor in the layers of an image', async () => {
    await shown.go('images');
    await app('strata-images-view tbody button.name').first().click();
    const given = [...imageNames(), used, 'images/bases/busybox: busybox-static'];
    const ready = app('strata-layer-explorer [role="treeitem"]');
    expect(await shown.look({ ready, without: '[role="treeitem"]', given })).toEqual(faultless);
  });

  it('nor for several machines', async () => {
    await shown.go('machines');
    await app('strata-instance-table input[type="checkbox"]').first().check();
    expect(await shown.look()).toEqual(faultless);
  });

  it('nor in the files that are shared, their names and their editor', async () => {
    await shown.go('files');
    await app('strata-file-browser .tools button').first().click();
    const name = app('strata-file-browser form.name input');
    await name.fill('a/b');
    await name.press('Enter');
    expect(await shown.look({ given: ['a/b'] })).toEqual(faultless);
    await name.fill('notes.txt');
    await name.press('Enter');
    const ready = app('strata-text-editor textarea');
    expect(await shown.look({ ready, without: guests, given: ['notes.txt'] })).toEqual(faultless);
  });

  it('nor in the terminals and what is found in them', async () => {
    await shown.go(`machines/${vm}/terminal`);
    await app('strata-dock strata-terminal')
      .first()
      .evaluate((terminal) => (terminal as unknown as { openSearch(): void }).openSearch());
    await shown.page.keyboard.type('qqq');
    expect(await shown.look()).toEqual(faultless);
    await shown.page.keyboard.press('Escape');
  });

  it('nor in menus', async () => {
    for (const width of [1280, 320]) {
      await shown.page.setViewportSize({ width, height: 720 });
      for (const button of await app('[aria-haspopup="menu"]').all()) {
        if (!(await button.isVisible())) continue;
        await button.click();
        await app('[role="menuitem"], [role="menuitemcheckbox"], [role="menuitemradio"]').first().waitFor();
        expect(await shown.look({ widths: [width] })).toEqual(faultless);
        await shown.page.keyboard.press('Escape');
      }
    }
  });

  it('nor in a service that sleeps', async () => {
    const image = 'strata/unikernel-httpd:1';
    const draft = { kind: 'unikernel', name: 'ash', image, args: [], config: {}, memoryMiB: 4 } as const;
    const service = await launch(shown.page, { ...draft, addressing: 'static', onDemand: { idleMs: 50 } });
    const asleep = async () => (await recordsOf(shown.page)).find(({ id }) => id === service)?.demand?.asleep;
    await expect.poll(asleep).toBe(true);
    for (const tab of ['summary', 'network'] as const) {
      await shown.go(`machines/${service}/${tab}`);
      expect(await shown.look()).toEqual(faultless);
    }
    for (const place of ['topology', 'orchestration', 'machines'] as const) {
      await shown.go(place);
      expect(await shown.look({ given: [...imageNames(), used] })).toEqual(faultless);
    }
  });

  it('nor in tasks, and in messages of what went well and what did not', async () => {
    await shown.store('showTasks(true)');
    await shown.page.evaluate(`strata.lab.start('${vm}').finished.catch(() => {})`);
    // What the lab said of it stands below.
    expect(await shown.look({ ready: app('strata-toast-list .error'), without: '.toast p' })).toEqual(faultless);
    await shown.store(`act('remove', '${vm}')`);
    await shown.page.evaluate(`strata.lab.createNetwork({ name: 'lan', subnet: '10.9.0.0/24', mtu: 1500 })`);
    await shown.store(`networkVerbs.remove('lan')`);
    const ready = app('strata-toast-list .info');
    expect(await shown.look({ ready, without: '.toast p', given: ['lan'] })).toEqual(faultless);
  });
});

/** In the page: a container that goes on running; its id. */
const runContainer = `(async () => {
  const post = async (path, body) => {
    const headers = { 'content-type': 'application/json' };
    const sent = body ? { headers, body: JSON.stringify(body) } : {};
    const answer = await strata.engine.fetch(new Request('http://engine/v1.47' + path, { method: 'POST', ...sent }));
    const text = await answer.text();
    if (!answer.ok) throw new Error(path + ': ' + text);
    return text;
  };
  await post('/images/create?fromImage=busybox&tag=latest');
  const command = 'while sleep 1; do echo tick; done';
  const { Id } = JSON.parse(await post('/containers/create?name=oak', { Image: 'busybox', Cmd: ['sh', '-c', command] }));
  await post('/containers/' + Id + '/start');
  return Id;
})()`;
