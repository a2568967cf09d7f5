import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { type BrowserContext, chromium } from 'playwright-core';
import { chromiumLaunch } from '../../scripts/lib/chromium.mjs';

/** A Chromium of our own, with a profile that outlives it. */
export interface OwnBrowser {
  readonly context: BrowserContext;
  /** As the system kills a process: all of it, at once, whatever it is at. */
  kill(): Promise<void>;
}

/** Starts it; `profile` is the directory of its user data. */
export async function startOwnBrowser(profile: string): Promise<OwnBrowser> {
  const { executablePath, args } = chromiumLaunch;
  const process = spawn(
    executablePath,
    [...args, '--headless=new', '--remote-debugging-port=0', `--user-data-dir=${profile}`, 'about:blank'],
    // A group of its own: all its processes end with it.
    { detached: true, stdio: ['ignore', 'ignore', 'pipe'] },
  );
  const browser = await chromium.connectOverCDP(await addressOf(process));
  const [context] = browser.contexts();
  if (!context) throw new Error('The browser has no profile');
  return { context, kill: () => killGroup(process) };
}

async function killGroup(child: ChildProcess): Promise<void> {
  const ended = once(child, 'exit');
  if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
  await ended;
}

/** What it says when it listens for a debugger. */
async function addressOf({ stderr }: ChildProcess): Promise<string> {
  let text = '';
  if (!stderr) throw new Error('The browser has no standard error');
  for await (const chunk of stderr) {
    text += String(chunk);
    const [, address] = /DevTools listening on (ws:\/\/\S+)/.exec(text) ?? [];
    if (address !== undefined) {
      // Read on, or the browser would stand still when nobody takes what it says.
      stderr.resume();
      return address;
    }
  }
  throw new Error(`The browser did not start: ${text}`);
}
