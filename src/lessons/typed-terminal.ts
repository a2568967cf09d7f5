import type { Clock } from '../base/clock';
import { SandboxError, throwIfAborted } from '../base/errors';
import type { Event } from '../base/events';

/** A terminal that lines are typed into. */
export interface TypedTerminal {
  /** The program in it has ended. */
  readonly ended: boolean;
  /** Starts it again where it has ended. */
  start(): void;
  /** As keys: a line ends with a carriage return. What has ended is started before. */
  type(keys: string): void;
  /** Fires when the terminal has said something. */
  readonly heard: Event<string>;
  /** The end of all that it has said. */
  readonly said: string;
}

/** Characters of `said` that are enough. */
export const saidLength = 400;

/** What a shell ends its output with when it waits: `/ # `, `strata:/$ `, or `> ` within a document. */
const prompt = /(?:^|\n)[^\n]*[#$>] $/;

/** By which terminals are told colours, places and titles (ECMA-48). */
const sequences = /\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\^_])/g;

export interface TypeLinesOptions {
  readonly clock: Clock;
  /** For each line, milliseconds. */
  readonly limitMs: number;
  readonly signal?: AbortSignal;
}

/**
 * Types lines as a person would who waits for the prompt before and after each. `Unavailable` when one does not come in time:
 * what was typed goes on. `Canceled` by the signal.
 */
export async function typeLines(terminal: TypedTerminal, lines: string, options: TypeLinesOptions): Promise<void> {
  for (const line of lines.replace(/\n+$/, '').split('\n')) {
    terminal.start();
    await until(terminal, line, options, () => atPrompt(terminal.said));
    let answer = '';
    const hearing = terminal.heard((said) => {
      answer = (answer + said).slice(-saidLength);
    });
    // The line itself comes back first, and only what is below it is an answer.
    let entered = false;
    terminal.type(`${line}\r`);
    await until(terminal, line, options, () => {
      entered ||= answer.includes('\n');
      return entered && (terminal.ended || atPrompt(answer));
    }).finally(() => hearing.dispose());
  }
}

/** What a shell is told when code is clicked: all of it at once. */
export function keysOf(lines: string): string {
  return lines.replace(/\n*$/, '\n').replaceAll('\n', '\r');
}

function atPrompt(said: string): boolean {
  return prompt.test(said.replace(sequences, '').replaceAll('\r', ''));
}

function until(
  terminal: TypedTerminal,
  line: string,
  { clock, limitMs, signal }: TypeLinesOptions,
  over: () => boolean,
): Promise<void> {
  throwIfAborted(signal);
  if (over()) return Promise.resolve();
  return new Promise((resolve, reject) => {
    const end = (settle: () => void): void => {
      hearing.dispose();
      timer.dispose();
      signal?.removeEventListener('abort', cancel);
      settle();
    };
    const hearing = terminal.heard(() => over() && end(resolve));
    const late = `"${line.slice(0, 80)}" has not come to its end in ${limitMs / 1000} s`;
    const timer = clock.after(limitMs, () => end(() => reject(new SandboxError('Unavailable', late))));
    const cancel = (): void => end(() => reject(new SandboxError('Canceled', 'Canceled')));
    signal?.addEventListener('abort', cancel, { once: true });
  });
}
