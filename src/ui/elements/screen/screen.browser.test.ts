import { afterEach, describe, expect, it, vi } from 'vitest';
import { userEvent } from 'vitest/browser';
import type { ScreenInput, ScreenUpdate } from '../../../api/screen';
import { TextScreen } from '../../../runtime/vm/devices/text-screen';
import '../../styles/tokens.css';
import { axeProblems } from '../axe-problems';
import { ScreenElement } from './screen';

/** A screen element on a real text screen, and what it sends. */
async function open() {
  const inputs: ScreenInput[] = [];
  let show: ((update: ScreenUpdate) => void) | undefined;
  const element = new ScreenElement();
  element.label = 'Screen of vm-1';
  element.source = {
    attachScreen(onUpdate) {
      show = onUpdate;
      return {
        send: (input) => inputs.push(input),
        dispose: () => {
          show = undefined;
        },
      };
    },
  };
  const main = document.createElement('main');
  main.style.cssText = 'display:flex;width:800px;height:500px';
  main.append(element);
  document.body.append(main);
  await element.updateComplete;
  const canvas = element.renderRoot.querySelector('canvas')!;
  const pixel = (x: number, y: number): number[] => [...canvas.getContext('2d')!.getImageData(x, y, 1, 1).data];
  const update = async (next: ScreenUpdate | undefined): Promise<void> => {
    if (next) show?.(next);
    await element.updateComplete;
  };
  const keys = (): number[] => inputs.flatMap((input) => ('keys' in input ? input.keys : []));
  return { element, main, canvas, inputs, pixel, update, keys, attached: () => show !== undefined };
}

/** A text screen of which `text` is the first line, with a font that is all ink. */
function screenOf(text: string): TextScreen {
  const screen = new TextScreen();
  screen.setFont({ width: 9, height: 16, joined: false }, new Uint8Array(65_536).fill(0xff), true);
  for (const [column, character] of [...text].entries()) {
    screen.put(0, column, character.charCodeAt(0), 0x0000aa, 0xffff55);
  }
  return screen;
}

afterEach(() => document.body.replaceChildren());

describe('the screen of a machine', () => {
  it('is clean for axe', async () => {
    const { update, main } = await open();
    await update(screenOf('C:\\>').take());
    expect(await axeProblems(main)).toEqual([]);
  });

  it('draws cells with the font and the colours of the machine, and says them as text', async () => {
    const { element, canvas, pixel, update } = await open();
    await update(screenOf('Hi').take());
    expect([canvas.width, canvas.height]).toEqual([720, 400]);
    expect(pixel(0, 5)).toEqual([0xff, 0xff, 0x55, 0xff]);
    // The ninth column of a cell has no ink.
    expect(pixel(8, 5)).toEqual([0, 0, 0xaa, 0xff]);
    expect(element.renderRoot.querySelector('pre')?.textContent).toBe('Hi');
  });

  it('draws rectangles of a picture where they belong', async () => {
    const { canvas, pixel, update } = await open();
    const pixels = new Uint8ClampedArray(4 * 4).fill(0xc8);
    await update({
      mode: 'graphics',
      width: 320,
      height: 200,
      changed: [{ x: 10, y: 20, width: 2, height: 2, pixels }],
    });
    expect([canvas.width, canvas.height]).toEqual([320, 200]);
    expect(pixel(11, 21).slice(0, 3)).toEqual([0xc8, 0xc8, 0xc8]);
    expect(pixel(12, 21).slice(0, 3)).toEqual([0, 0, 0]);
  });

  it('sends scan codes while it has the focus, and none of them to the page', async () => {
    const { canvas, keys } = await open();
    const pageKeys = vi.fn();
    window.addEventListener('keydown', pageKeys);
    canvas.focus();
    await userEvent.keyboard('a{ArrowUp}');
    expect(keys()).toEqual([0x1e, 0x9e, 0xe0, 0x48, 0xe0, 0xc8]);
    expect(pageKeys).not.toHaveBeenCalled();
    canvas.blur();
    await userEvent.keyboard('a');
    expect(keys()).toHaveLength(6);
    window.removeEventListener('keydown', pageKeys);
  });

  it('lets no key stick when the focus goes', async () => {
    const { canvas, keys } = await open();
    canvas.focus();
    await userEvent.keyboard('{Shift>}b');
    canvas.blur();
    expect(keys()).toEqual([0x2a, 0x30, 0xb0, 0xaa]);
  });

  it('is left by the chord that leaves a terminal', async () => {
    const { element, canvas } = await open();
    canvas.focus();
    await userEvent.keyboard('{Control>}{Shift>}.{/Shift}{/Control}');
    expect(element.shadowRoot?.activeElement).toBe(element.renderRoot.querySelector('[data-leave]'));
  });

  it('presses Ctrl+Alt+Del by a button, and lets it go', async () => {
    const { element, keys } = await open();
    const button = [...element.renderRoot.querySelectorAll('button')].find((each) => each.textContent?.includes('Del'));
    button?.click();
    expect(keys()).toEqual([0x1d, 0x38, 0xe0, 0x53, 0xe0, 0xd3, 0xb8, 0x9d]);
  });

  it('is not looked at once it has left the page', async () => {
    const { main, attached } = await open();
    expect(attached()).toBe(true);
    main.remove();
    expect(attached()).toBe(false);
  });
});
