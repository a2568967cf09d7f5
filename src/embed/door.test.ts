import { describe, expect, it } from 'vitest';
import { openDoor } from './door';

const nonce = 'a-word-that-nobody-guesses';
const origin = 'https://course.test';
const hello = { strata: 'hello', version: 1 };
const right = { strata: 'connect', version: 1, nonce };

/** A window whose parent writes down what it is told. */
function frame() {
  const target = new EventTarget();
  const said: unknown[] = [];
  const parent = { postMessage: (...message: unknown[]) => void said.push(message) };
  const window = {
    parent,
    addEventListener: target.addEventListener.bind(target) as never,
    removeEventListener: target.removeEventListener.bind(target) as never,
  };
  const opened: MessagePort[] = [];
  const refusals: string[] = [];
  openDoor({
    window,
    address: { nonce, origin },
    open: (port) => opened.push(port),
    refused: (reason) => refusals.push(reason),
  });
  const say = (data: unknown, given: { source?: unknown; from?: string; ports?: number } = {}): void => {
    const ports = Array.from({ length: given.ports ?? 1 }, () => new MessageChannel().port1);
    const event = Object.assign(new Event('message'), {
      data,
      source: given.source ?? parent,
      origin: given.from ?? origin,
      ports,
    });
    target.dispatchEvent(event);
  };
  return { said, opened, refusals, say };
}

describe('the door of an embedded lab', () => {
  it('says that the lab is here, and opens to the page that knows the nonce, once', () => {
    const { said, opened, refusals, say } = frame();
    expect(said).toEqual([[hello, '*']]);
    say(right);
    say(right);
    expect(opened).toHaveLength(1);
    expect(refusals).toEqual([]);
  });

  it.each([
    ['another window', right, { source: {} }, 'a window that does not embed'],
    ['another origin', right, { from: 'https://evil.test' }, 'https://evil.test'],
    ['another nonce', { ...right, nonce: 'guess' }, {}, 'does not know the nonce'],
    ['another version', { ...right, version: 2 }, {}, 'version 2'],
    ['no port', right, { ports: 0 }, '0 ports'],
    ['two ports', right, { ports: 2 }, '2 ports'],
  ])('stays shut to %s, and says so once', (_, message, given, reason) => {
    const { opened, refusals, say } = frame();
    for (let times = 0; times < 3; times += 1) say(message, given);
    expect(opened).toEqual([]);
    expect(refusals).toEqual([expect.stringContaining(reason)]);
  });

  it('does not hear what is no message of ours, whatever its prototype says', () => {
    const { opened, refusals, say } = frame();
    const inherited: unknown = Object.create(right);
    for (const message of [
      null,
      1,
      'connect',
      [],
      {},
      inherited,
      JSON.parse(`{"__proto__": ${JSON.stringify(right)}}`),
    ]) {
      say(message);
    }
    expect({ opened, refusals }).toEqual({ opened: [], refusals: [] });
  });

  it('opens to nobody without a nonce', () => {
    const target = new EventTarget();
    const said: unknown[] = [];
    const window = {
      parent: { postMessage: (message: unknown) => void said.push(message) },
      addEventListener: target.addEventListener.bind(target) as never,
      removeEventListener: target.removeEventListener.bind(target) as never,
    };
    openDoor({ window, address: {}, open: () => {}, refused: () => {} });
    expect(said).toEqual([]);
  });
});
