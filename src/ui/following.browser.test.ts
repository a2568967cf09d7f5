import { signal } from '@preact/signals-core';
import { html, render } from 'lit';
import { afterEach, expect, it } from 'vitest';
import { following } from './following';

const place = document.createElement('div');

afterEach(() => render(html``, place));

it('shows what its signal says, by itself, as long as it is there', () => {
  const count = signal(1);
  const shown: number[] = [];
  const show = (value: number) => {
    shown.push(value);
    return html`<b>${value}</b>`;
  };
  render(html`<p>${following(count, show)}</p>`, place);
  const element = place.querySelector('b');
  count.value = 2;
  expect(element?.textContent).toBe('2');
  expect(shown).toEqual([1, 2]);
  render(html``, place);
  count.value = 3;
  expect(shown).toEqual([1, 2]);
});

it('follows another signal when it is given one', () => {
  const [first, second] = [signal('first'), signal('second')];
  const template = (of: typeof first) => html`<p>${following(of, (value) => value)}</p>`;
  render(template(first), place);
  render(template(second), place);
  first.value = 'unheard';
  expect(place.textContent).toBe('second');
  second.value = 'heard';
  expect(place.textContent).toBe('heard');
});
