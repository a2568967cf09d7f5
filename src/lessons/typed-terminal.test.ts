import { describe, expect, it } from 'vitest';
import { Emitter } from '../base/events';
import { FakeClock, settle } from '../base/fake-clock';
import { keysOf, type TypedTerminal, typeLines } from './typed-terminal';

/** A terminal that says what it is told to, and remembers what was typed. */
class Script implements TypedTerminal {
  readonly #heard = new Emitter<string>();
  readonly heard = this.#heard.event;
  readonly typed: string[] = [];
  said = '';
  ended = false;

  start(): void {
    if (this.ended) this.typed.push('(started)');
    this.ended = false;
  }

  type(keys: string): void {
    this.typed.push(keys);
  }

  say(text: string): void {
    this.said += text;
    this.#heard.fire(text);
  }

  get listeners(): number {
    return this.#heard.listenerCount;
  }
}

const typing = (lines: string, signal?: AbortSignal) => {
  const terminal = new Script();
  const clock = new FakeClock();
  const done = typeLines(terminal, lines, { clock, limitMs: 1000, ...(signal && { signal }) });
  done.catch(() => {});
  return { terminal, clock, done };
};

describe('lines that are typed for somebody', () => {
  it('wait for the prompt before them, and for the one behind what they print', async () => {
    const { terminal, done } = typing('one\ntwo\n');
    expect(terminal.typed).toEqual([]);
    terminal.say('\x1b[32mstrata\x1b[0m:\x1b[34m/\x1b[0m$ ');
    await settle();
    expect(terminal.typed).toEqual(['one\r']);
    // Its own echo ends with no line feed yet: what stands before it is the old prompt.
    terminal.say('one');
    await settle();
    expect(terminal.typed).toHaveLength(1);
    terminal.say('\r\n# is no prompt\r\n');
    await settle();
    expect(terminal.typed).toHaveLength(1);
    terminal.say('root@box:~# \x1b[6n');
    await settle();
    expect(terminal.typed).toEqual(['one\r', 'two\r']);
    terminal.say('two\r\n> ');
    await done;
    expect(terminal.listeners).toBe(0);
  });

  it('are given up when no prompt comes in time', async () => {
    const { terminal, clock, done } = typing('sleep 9999');
    terminal.say('/ # ');
    await clock.advance(1000);
    await expect(done).rejects.toMatchObject({
      code: 'Unavailable',
      message: '"sleep 9999" has not come to its end in 1 s',
    });
    expect([terminal.listeners, clock.pending]).toEqual([0, 0]);
  });

  it('go on in another shell where one of them has ended theirs', async () => {
    const { terminal, done } = typing('exit\ntwo');
    terminal.say('/ # ');
    await settle();
    terminal.ended = true;
    terminal.say('exit\r\n[ended]\r\n');
    await settle();
    expect(terminal.typed).toEqual(['exit\r', '(started)']);
    terminal.say('/ # ');
    await settle();
    terminal.say('two\r\n/ # ');
    await done;
    expect(terminal.typed).toEqual(['exit\r', '(started)', 'two\r']);
  });

  it('are canceled', async () => {
    const abort = new AbortController();
    const { terminal, clock, done } = typing('one', abort.signal);
    abort.abort();
    await expect(done).rejects.toMatchObject({ code: 'Canceled' });
    expect([terminal.listeners, clock.pending]).toEqual([0, 0]);
  });

  it('are keys when they are clicked', () => {
    expect(keysOf('one\ntwo')).toBe('one\rtwo\r');
    expect(keysOf('one\n\n')).toBe('one\r');
  });
});
