import { signal } from '@preact/signals-core';
import { html } from 'lit';
import { expect, it } from 'vitest';
import { define, StrataElement } from './strata-element';

const shown = signal(0);
let renderings = 0;

class Shown extends StrataElement {
  override render() {
    renderings += 1;
    return html`${shown.value}`;
  }
}
define('strata-test-shown', Shown);

it('an element that was taken away before it could render follows no signal, until it is back', async () => {
  const element = new Shown();
  document.body.append(element);
  await element.updateComplete;
  shown.value = 1;
  element.remove();
  await element.updateComplete;
  const before = renderings;
  shown.value = 2;
  await element.updateComplete;
  expect(renderings).toBe(before);
  document.body.append(element);
  await element.updateComplete;
  expect(element.renderRoot.textContent).toContain('2');
  shown.value = 3;
  await element.updateComplete;
  expect(element.renderRoot.textContent).toContain('3');
  element.remove();
});
