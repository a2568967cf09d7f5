import type { Page } from 'playwright-core';
import { expect } from 'vitest';

const patience = { timeout: 120_000, interval: 200 };

/** The shell of the lab in the page's dock, as a person types in it. */
export class PageShell {
  readonly #page: Page;
  #commands = 0;

  constructor(page: Page) {
    this.#page = page;
  }

  /** Opens one by the palette, and gives the terminal the focus. */
  async open(): Promise<void> {
    await this.#page.keyboard.press('Control+k');
    await this.#page.keyboard.type('shell of the lab');
    await this.#page.keyboard.press('Enter');
    await this.#terminal.waitFor();
    await this.until(/\$\s*$/);
    await this.focus();
  }

  async focus(): Promise<void> {
    await this.#page.getByRole('tab', { name: 'Lab', exact: true }).click();
    await this.#terminal.locator('.xterm-helper-textarea').focus();
  }

  /** Lines that are to be seen, without what is blank at their ends. */
  async text(): Promise<string> {
    const rows = await this.#terminal.locator('.xterm-rows > div').allTextContents();
    return rows
      .map((row) => row.replaceAll('\u00a0', ' '))
      .join('\n')
      .replace(/\n+\s*$/, '');
  }

  async until(expected: RegExp): Promise<void> {
    await expect.poll(() => this.text(), patience).toMatch(expected);
  }

  async type(keys: string): Promise<void> {
    await this.#page.keyboard.type(keys);
  }

  /** Runs a command to its end. What is to be seen of its output, and its exit code. */
  async run(command: string): Promise<{ readonly code: number; readonly output: string }> {
    this.#commands += 1;
    const mark = `over-${this.#commands}`;
    // What is typed has quotes in it; only the answer matches.
    await this.type(`clear\n${command}; echo "over"-${this.#commands} $?\n`);
    const ended = new RegExp(`^${mark} (\\d+)$`, 'm');
    await this.until(ended);
    const text = await this.text();
    const [whole = '', code] = ended.exec(text) ?? [];
    // The command may take several rows.
    const output = text.slice(text.indexOf('?\n') + 2, text.indexOf(whole));
    return { code: Number(code), output };
  }

  /** The one that is shown. */
  get #terminal() {
    return this.#page.locator('strata-dock .xterm:visible');
  }
}
