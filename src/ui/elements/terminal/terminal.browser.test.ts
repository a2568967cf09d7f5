import { afterEach, describe, expect, it, vi } from 'vitest';
import { userEvent } from 'vitest/browser';
import { eventually } from '../../../base/eventually-fixture';
import { ConsoleHub } from '../../../runtime/vm/console-hub';
import '../../styles/tokens.css';
import { axeProblems } from '../axe-problems';
import { TerminalElement } from './terminal';

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

/** A terminal on a real console hub, with what is typed and the sizes it reports. */
async function open(before = '') {
  const hub = new ConsoleHub();
  hub.write(encode(before));
  const typed: string[] = [];
  const sizes: string[] = [];
  let attachments = 0;
  const element = new TerminalElement();
  element.label = 'Terminal of vm-1';
  element.source = {
    attachConsole(onOutput) {
      const attachment = hub.attach(onOutput);
      attachments += 1;
      return {
        acknowledge: (bytes) => attachment.acknowledge(bytes),
        write: (bytes) => typed.push(new TextDecoder().decode(bytes)),
        resize: ({ columns, rows }) => sizes.push(`${columns}x${rows}`),
        dispose() {
          attachments -= 1;
          attachment.dispose();
        },
      };
    },
  };
  const main = document.createElement('main');
  main.style.cssText = 'display:flex;width:800px;height:400px';
  main.append(element);
  document.body.append(main);
  await element.updateComplete;
  const shown = (): string => element.renderRoot.querySelector('.xterm-rows')?.textContent ?? '';
  return { hub, element, main, typed, sizes, shown, attachments: () => attachments };
}

/** Points at where a word is shown; the terminal's screen lies over its rows. */
async function pointAt(element: TerminalElement, word: string, how: 'hover' | 'click'): Promise<void> {
  const screen = element.renderRoot.querySelector('.xterm-screen')!;
  const spans = [...element.renderRoot.querySelectorAll('.xterm-rows span')];
  const at = spans.find((span) => span.textContent?.includes(word))!.getBoundingClientRect();
  const from = screen.getBoundingClientRect();
  await userEvent[how](screen, { position: { x: at.x - from.x + at.width / 2, y: at.y - from.y + at.height / 2 } });
}

afterEach(() => document.body.replaceChildren());

describe('the terminal', () => {
  it('is clean for axe, in both colour schemes', async () => {
    for (const scheme of ['light', 'dark'] as const) {
      const { element, hub, shown, main } = await open();
      document.documentElement.dataset['theme'] = scheme;
      element.scheme = scheme;
      hub.write(encode('\x1b[34mblue\x1b[0m \x1b[30mblack\x1b[0m \x1b[37mwhite\x1b[0m $ '));
      await eventually(() => expect(shown()).toContain('blue'));
      expect(await axeProblems(main)).toEqual([]);
      main.remove();
    }
  });

  it('shows what was printed before it was attached and what comes after', async () => {
    const { hub, shown } = await open('before ');
    hub.write(encode('after'));
    await eventually(() => expect(shown()).toContain('before after'));
  });

  it('is scrolled by a finger, and gives what it has no more of to the page', async () => {
    const { hub, element, shown, typed } = await open();
    hub.write(encode(Array.from({ length: 100 }, (_, line) => `line ${line}\r\n`).join('')));
    await eventually(() => expect(shown()).toContain('line 99'));
    const screen = element.renderRoot.querySelector('.xterm-screen')!;
    const move = (...ys: readonly number[]): readonly boolean[] =>
      ys.map((clientY, at) => {
        const touch = new Touch({ identifier: 1, target: screen, clientX: 100, clientY });
        const event = { touches: [touch], bubbles: true, cancelable: true };
        return !screen.dispatchEvent(new TouchEvent(at === 0 ? 'touchstart' : 'touchmove', event));
      });
    expect(move(300, 200)).toEqual([false, false]);
    expect(move(20, 30, 9000)).toEqual([false, true, true]);
    await eventually(() => expect(shown()).toMatch(/^line 0/));
    expect(move(20, 120)).toEqual([false, false]);
    move(300, 250);
    await eventually(() => expect(shown()).not.toMatch(/^line 0/));
    // A program that has the whole screen has no lines above: a wheel is arrows to it.
    hub.write(encode('\x1b[?1049hall of it'));
    await eventually(() => expect(shown()).toContain('all of it'));
    move(300, 250);
    expect(typed.join('')).toMatch(/^(\x1b\[B){2,3}$/);
  });

  it('begins a line at its beginning where only newlines come', async () => {
    const { element, hub } = await open();
    const { source } = element;
    const rows = (): readonly string[] =>
      [...element.renderRoot.querySelectorAll('.xterm-rows > div')].map((row) => row.textContent?.trimEnd() ?? '');
    hub.write(encode('one\ntwo'));
    await eventually(() => expect(rows()[1]).toBe('   two'));
    element.source = { attachConsole: (onOutput) => source!.attachConsole(onOutput), bareNewlines: true };
    await eventually(() => expect(rows()[1]).toBe('two'));
  });

  it('sends what is typed', async () => {
    const { element, typed } = await open();
    element.focus();
    await userEvent.keyboard('ls{Enter}');
    expect(typed.join('')).toBe('ls\r');
  });

  it('answers questions of running programs, and not those in old output', async () => {
    const { hub, typed, shown } = await open('\x1b[6nold');
    await eventually(() => expect(shown()).toContain('old'));
    expect(typed).toEqual([]);
    hub.write(encode('\r\x1b[6n'));
    await eventually(() => expect(typed).toEqual(['\x1b[1;1R']));
  });

  it('reports its size, and a new one when it is resized', async () => {
    const { main, sizes } = await open();
    expect(sizes.length).toBeGreaterThan(0);
    const first = sizes.at(-1);
    main.style.width = '400px';
    await eventually(() => expect(sizes.at(-1)).not.toBe(first));
  });

  it('lets go of the console when it leaves the page, and takes it again when it comes back', async () => {
    const { element, main, attachments, shown } = await open('kept');
    element.remove();
    expect(attachments()).toBe(0);
    main.append(element);
    await eventually(() => expect(shown()).toContain('kept'));
    expect(attachments()).toBe(1);
  });

  it('is left by one chord', async () => {
    const { element, typed } = await open();
    const left = vi.fn();
    element.addEventListener('leave', left);
    element.focus();
    await userEvent.keyboard('{Control>}{Shift>}.{/Shift}{/Control}');
    expect(left).toHaveBeenCalledOnce();
    expect(typed).toEqual([]);
  });

  it('colours text without style attributes, which the policy of the page refuses', async () => {
    const attributes = vi.spyOn(Element.prototype, 'setAttribute');
    const { hub, element, shown } = await open();
    hub.write(encode('\x1b[7minverse\x1b[0m \x1b[38;2;9;9;9mdark\x1b[0m end'));
    await eventually(() => expect(shown()).toContain('end'));
    const spans = [...element.renderRoot.querySelectorAll<HTMLElement>('.xterm-rows span')];
    const dark = spans.find((span) => span.textContent === 'dark');
    expect(dark?.style.color).not.toBe('');
    expect(attributes.mock.calls.filter(([name]) => name === 'style')).toEqual([]);
    attributes.mockRestore();
  });

  it('leaves no style sheets behind', async () => {
    const { element, main } = await open();
    const root = element.renderRoot as ShadowRoot;
    const count = root.adoptedStyleSheets.length;
    for (let time = 0; time < 5; time += 1) {
      element.remove();
      main.append(element);
      await element.updateComplete;
    }
    expect(root.adoptedStyleSheets.length).toBe(count);
    expect(document.createElement).toBe(Document.prototype.createElement);
  });
});

describe('hostile output', () => {
  it('cannot write the clipboard, put markup into the page or open other links than http', async () => {
    const opened = vi.spyOn(window, 'open').mockReturnValue(null);
    const clipboard = vi.spyOn(navigator.clipboard, 'writeText').mockResolvedValue();
    const { hub, element, shown } = await open();
    hub.write(encode('\x1b]52;c;ZXZpbA==\x07\x1b]0;<img src=x onerror=alert(1)>\x07'));
    hub.write(encode('<script>alert(1)</script> \x1b]8;;javascript:alert(1)\x1b\\evil\x1b]8;;\x1b\\ '));
    hub.write(encode('\x1b]8;;https://example.org/\x1b\\good\x1b]8;;\x1b\\ end'));
    await eventually(() => expect(shown()).toContain('end'));
    await element.updateComplete;
    expect(element.renderRoot.querySelector('script, img')).toBeNull();
    const link = (): string | null | undefined => element.renderRoot.querySelector('.link')?.textContent;
    expect(element.title).toBe('<img src=x onerror=alert(1)>');

    await pointAt(element, 'good', 'hover');
    await eventually(() => expect(link()).toBe('https://example.org/'));
    await pointAt(element, 'evil', 'hover');
    await eventually(() => expect(link()).toBeUndefined());
    await pointAt(element, 'evil', 'click');
    await pointAt(element, 'good', 'hover');
    await eventually(() => expect(link()).toBe('https://example.org/'));
    await pointAt(element, 'good', 'click');
    expect(opened).toHaveBeenCalledExactlyOnceWith('https://example.org/', '_blank', 'noopener,noreferrer');
    expect(clipboard).not.toHaveBeenCalled();
    vi.restoreAllMocks();
  });

  it('in a flood is shown to its end, and what had to be skipped is said', async () => {
    const { hub, element, shown } = await open();
    const line = encode('y\r\n'.repeat(20_000));
    for (let block = 0; block < 80; block += 1) hub.write(line);
    hub.write(encode('the end'));
    await eventually(() => expect(shown()).toContain('the end'));
    await eventually(() => expect(element.renderRoot.querySelector('.skipped')?.textContent).toMatch(/\d MB skipped/));
  });

  it('of one line with a million columns does not break it', async () => {
    const { hub, shown } = await open();
    hub.write(encode(`${'x'.repeat(1_000_000)}\r\nthe end`));
    await eventually(() => expect(shown()).toContain('the end'));
  });
});

describe('the tools of the terminal', () => {
  it('find what was printed', async () => {
    const { hub, element, shown } = await open();
    hub.write(encode('needle in hay'));
    await eventually(() => expect(shown()).toContain('needle'));
    await element.openSearch();
    await userEvent.keyboard('hay{Enter}');
    expect(element.renderRoot.querySelector('[role=status]')?.textContent?.trim()).toBe('');
    await userEvent.keyboard('stack');
    await eventually(() =>
      expect(element.renderRoot.querySelector('[role=status]')?.textContent).toContain('No match'),
    );
    await userEvent.keyboard('{Escape}');
    await eventually(() => expect(element.renderRoot.querySelector('[role=search]')).toBeNull());
  });

  it('copy what is selected', async () => {
    const copied = vi.spyOn(navigator.clipboard, 'writeText').mockResolvedValue();
    const { hub, element, shown } = await open();
    hub.write(encode('needle in hay'));
    await eventually(() => expect(shown()).toContain('needle'));
    await element.openSearch();
    await userEvent.keyboard('needle{Enter}');
    await element.copy();
    expect(copied).toHaveBeenCalledWith('needle');
    vi.restoreAllMocks();
  });
});

describe('a terminal that is not shown', () => {
  it('does not attach before it is, and keeps its lines when it is hidden again', async () => {
    const hidden = new TerminalElement();
    const hub = new ConsoleHub();
    let attached = 0;
    hidden.shown = false;
    hidden.source = {
      attachConsole: (onOutput) => {
        attached += 1;
        const attachment = hub.attach(onOutput);
        return {
          acknowledge: (bytes) => attachment.acknowledge(bytes),
          write: () => {},
          resize: () => {},
          dispose: () => attachment.dispose(),
        };
      },
    };
    document.body.append(hidden);
    await hidden.updateComplete;
    expect(attached).toBe(0);
    hidden.shown = true;
    await hidden.updateComplete;
    expect(attached).toBe(1);
    hidden.shown = false;
    hidden.hidden = true;
    hub.write(encode('meanwhile'));
    await hidden.updateComplete;
    hidden.hidden = false;
    hidden.shown = true;
    await eventually(() => expect(hidden.renderRoot.querySelector('.xterm-rows')?.textContent).toContain('meanwhile'));
    expect(attached).toBe(1);
  });
});
