import { afterEach, describe, expect, it } from 'vitest';
import { portText } from '../text/ports';
import { PreviewTab } from './preview-tab';

const appOrigin = 'http://localhost:4100';
const pattern = 'http://{name}.localhost:4101';
const address = 'http://web-80.localhost:4101/a/b?c=d#e';

afterEach(() => document.body.replaceChildren());

/** What the tab says, once it is known what it shows. */
async function shown(config: () => Promise<unknown>, wanted = address): Promise<{ tab: PreviewTab; said: string }> {
  const tab = new PreviewTab({ config, address: wanted, appOrigin });
  document.body.append(tab.element);
  await tab.opened;
  await tab.element.updateComplete;
  return { tab, said: tab.element.shadowRoot?.querySelector('.off')?.textContent ?? '' };
}

describe('a tab for one published port', () => {
  it('shows the page of its address', async () => {
    const { tab, said } = await shown(async () => ({ origin: pattern }));
    expect(said).toBe('');
    expect(tab.element.shadowRoot?.querySelector('iframe')?.src).toBe(address);
  });

  it('says that it is being opened until it is known where previews are', async () => {
    const tab = new PreviewTab({ config: () => new Promise(() => {}), address, appOrigin });
    document.body.append(tab.element);
    await tab.element.updateComplete;
    expect(tab.element.shadowRoot?.textContent).toContain(portText.preview.opening);
  });

  it.each([
    ['cannot be fetched', () => Promise.reject(new TypeError('Failed to fetch')), 'Failed to fetch'],
    ['is no JSON', async () => JSON.parse('<!doctype html>'), 'JSON'],
    ['says something else', async () => ({ origin: 'http://localhost:4100' }), 'is no origin of previews'],
  ])('says why when its configuration %s', async (_, config, reason) => {
    const { tab, said } = await shown(config);
    expect(said).toContain(reason);
    expect(said).toMatch(/^This tab could not read where previews are shown/);
    expect(tab.element.shadowRoot?.querySelector('iframe')).toBeNull();
  });

  it.each([
    ['has no second origin', async () => ({}), address],
    ['is asked for another origin', async () => ({ origin: pattern }), 'https://example.org/'],
    ['is asked for nothing', async () => ({ origin: pattern }), ''],
  ])('shows nothing foreign where Strata %s', async (_, config, wanted) => {
    const { tab, said } = await shown(config, wanted);
    expect(said).toBe(portText.preview.noAddress);
    expect(tab.element.shadowRoot?.querySelector('iframe')).toBeNull();
  });
});
