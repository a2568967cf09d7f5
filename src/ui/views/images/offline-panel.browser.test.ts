import { afterEach, describe, expect, it } from 'vitest';
import { page, userEvent } from 'vitest/browser';
import { createDeferred, type Deferred } from '../../../base/deferred';
import { eventually } from '../../../base/eventually-fixture';
import { openTestLab } from '../../../engine/lab-fixture';
import { mediaTypes } from '../../../formats/oci';
import { axeProblems } from '../../elements/axe-problems';
import { focusedElement } from '../../elements/focused-element';
import { OfflineShelf } from '../../images/offline-shelf';
import '../../styles/tokens.css';
import { OfflinePanel } from './offline-panel';

/** It is a unikernel that is kept here. */
const unused = (what: string): Promise<never> => Promise.reject(new Error(`Nobody should ${what}`));

const reference = 'strata/unikernel-httpd:1';

describe('what is kept for when there is no network', () => {
  let panel: OfflinePanel | undefined;

  afterEach(() => panel?.remove());

  async function open(arriving: Deferred<void>): Promise<void> {
    const { lab } = await openTestLab();
    let kept = false;
    const shelf = new OfflineShelf({
      lab,
      artifacts: {
        offers: async () => [
          {
            references: [reference],
            artifactType: mediaTypes.unikernel,
            size: 2_000_000,
            stored: kept ? 2_000_000 : 0,
          },
        ],
        keep: async () => {
          await arriving.promise;
          kept = true;
        },
        remove: async () => {
          kept = false;
        },
      },
      images: { list: () => [], changes: () => ({ dispose: () => {} }), remove: () => unused('remove an image') },
      registries: { pull: () => unused('pull an image') },
      report: () => {},
      announce: () => {},
    });
    panel = new OfflinePanel();
    panel.shelf = shelf;
    document.title = 'Strata';
    document.documentElement.lang = 'en';
    document.body.append(panel);
  }

  it('is kept and removed by the keyboard, which is never left without a place', async () => {
    const arriving = createDeferred<void>();
    await open(arriving);
    const row = page.getByRole('listitem');
    const name = row.getByText(reference, { exact: true }).first();
    await expect.element(row.getByRole('button', { name: 'Make available offline' })).toBeVisible();
    row.getByRole('button').element().focus();
    await userEvent.keyboard('{Enter}');
    await expect.element(row.getByRole('button')).toBeDisabled();
    await eventually(() => expect(focusedElement()).toBe(name.element()));
    arriving.resolve();
    await expect.element(row.getByRole('button', { name: 'Remove' })).toBeVisible();
    await eventually(() => expect(focusedElement()).toBe(name.element()));
    await userEvent.keyboard('{Tab}');
    await eventually(() => expect(focusedElement()).toBe(row.getByRole('button', { name: 'Remove' }).element()));
    await userEvent.keyboard('{Enter}');
    await expect.element(row.getByRole('button', { name: 'Make available offline' })).toBeVisible();
    await eventually(() => expect(focusedElement()).toBe(name.element()));
    expect(await axeProblems(panel)).toEqual([]);
  });
});
