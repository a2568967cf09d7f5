import { expect, it } from 'vitest';
import { signalNumber } from './signal-number';

it.each([
  ['SIGKILL', 9],
  ['kill', 9],
  ['TERM', 15],
  ['15', 15],
  ['SIGWINCH', 28],
  ['SIGRTMIN+3', 37],
  ['RTMAX', 64],
  ['SIGSYS', 31],
])('%s is %i', (text, number) => {
  expect(signalNumber(text)).toBe(number);
});

it.each(['', '0', 'SIGNOT', '-9', 'RTMAX+1'])('"%s" is no signal', (text) => {
  expect(() => signalNumber(text)).toThrow(`invalid signal: ${text}`);
});

it.each([32, 65, 99, 100])('%i is none that there is', (number) => {
  expect(() => signalNumber(String(number))).toThrow(`the linux daemon does not support signal ${number}`);
});
