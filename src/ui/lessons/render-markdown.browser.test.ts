import { render } from 'lit';
import { afterEach, describe, expect, it } from 'vitest';
import { readMarkdown } from '../../formats/markdown/read-markdown';
import { renderMarkdown } from './render-markdown';

const run = 'globalThis.ran=(globalThis.ran??0)+1';

/** After the lists of OWASP and of those who break parsers of Markdown. */
const payloads = [
  `<script>${run}</script>`,
  `<SCRIPT SRC=data:text/javascript,${run}></SCRIPT>`,
  `<img src=x onerror=${run}>`,
  `<img/src="x"/onerror=${run}>`,
  `<svg onload=${run}>`,
  `<svg><script>${run}</script></svg>`,
  `<svg><animate onbegin=${run} attributeName=x dur=1s>`,
  `<math><mtext></form><form><mglyph><style></math><img src onerror=${run}>`,
  `<iframe srcdoc="<script>parent.${run}</script>"></iframe>`,
  `<iframe src=javascript:parent.${run}></iframe>`,
  `<body onload=${run}>`,
  `<details open ontoggle=${run}><summary>x</summary></details>`,
  `<input autofocus onfocus=${run}>`,
  `<video><source onerror=${run}></video>`,
  `<object data=javascript:${run}></object>`,
  `<embed src=javascript:${run}>`,
  `<a href=javascript:${run}>x</a>`,
  `<base href=javascript:${run}//>`,
  `<link rel=stylesheet href=javascript:${run}>`,
  `<meta http-equiv=refresh content="0;url=javascript:${run}">`,
  `<style>@import 'javascript:${run}'</style>`,
  `<template><img src=x onerror=${run}></template>`,
  `<noscript><p title="</noscript><img src=x onerror=${run}>"></noscript>`,
  `<!--><img src=x onerror=${run}>-->`,
  `<![CDATA[<img src=x onerror=${run}>]]>`,
  `[x](javascript:${run})`,
  `[x](JaVaScRiPt:${run})`,
  `[x](&#106;avascript:${run})`,
  `[x](java&Tab;script:${run})`,
  `[x](data:text/html,<script>${run}</script>)`,
  `<javascript:${run}>`,
  `[x][y]\n\n[y]: javascript:${run}`,
  `![x](x "onerror=${run}")`,
  `![x" onerror=${run} ](x)`,
  `\`\`\`"onmouseover=${run}\nx\n\`\`\``,
];

const places: Readonly<Record<string, (payload: string) => string>> = {
  'as it is': (payload) => payload,
  'in a paragraph': (payload) => `a ${payload} b`,
  'in a list': (payload) => `- a\n- ${payload}`,
  'in a numbered list': (payload) => `1. ${payload}`,
  'in a quote': (payload) => `> ${payload}`,
  'in a heading': (payload) => `## ${payload}`,
  'in a table': (payload) => `| a |\n|---|\n| ${payload.replaceAll('|', '\\|')} |`,
  'in emphasis': (payload) => `**${payload}**`,
  'in the text of a link': (payload) => `[${payload}](https://example.com/)`,
  'in code': (payload) => `\`\` ${payload} \`\``,
};

const cases = Object.entries(places).flatMap(([place, put]) =>
  payloads.map((payload) => [place, put(payload)] as const),
);

const known = new Set(
  'DIV P H3 H4 H5 EM STRONG CODE PRE BLOCKQUOTE UL OL LI TABLE THEAD TBODY TR TH TD HR BR A'.split(' '),
);
const knownAttributes = new Set(['href', 'target', 'rel', 'class', 'tabindex', 'role', 'aria-label', 'scope', 'start']);

afterEach(() => document.body.replaceChildren());

const shown = (source: string): HTMLElement => {
  const host = document.createElement('div');
  document.body.append(host);
  render(renderMarkdown(readMarkdown(source).root, { level: 3 }), host);
  return host;
};

describe('links by reference', () => {
  it('lead where the first definition of their label says, wherever that stands', () => {
    const host = shown('[a][X], [x] and [y]\n\n> [x]: https://example.com/1\n\n[X]: https://example.com/2\n');
    expect([...host.querySelectorAll('a')].map(({ href, textContent }) => [textContent, href])).toEqual([
      ['a', 'https://example.com/1'],
      ['x', 'https://example.com/1'],
    ]);
    expect(host.querySelector('p')?.textContent).toBe('a, x and [y]');
  });
});

it('a column without a heading has no empty one for screen readers', () => {
  const host = shown('| | b |\n|---|---|\n| 1 | 2 |');
  expect([...host.querySelectorAll('thead th, thead td')].map(({ localName }) => localName)).toEqual(['td', 'th']);
});

describe('what is no more than text', () => {
  it(`has ${cases.length} ways to be more, and takes none, though nothing was refused before`, async () => {
    expect(cases.length).toBeGreaterThanOrEqual(300);
    for (const [place, source] of cases) {
      const host = document.createElement('div');
      document.body.append(host);
      render(renderMarkdown(readMarkdown(source).root, { level: 3 }), host);
      for (const element of host.querySelectorAll('*')) {
        const { tagName, attributes } = element;
        expect(known.has(tagName), `${tagName} ${place}: ${source}`).toBe(true);
        for (const { name } of attributes) expect(knownAttributes.has(name), `${name} ${place}: ${source}`).toBe(true);
        if (element instanceof HTMLAnchorElement) expect(['http:', 'https:']).toContain(element.protocol);
      }
    }
    // One more picture of the same address, and really one: what waited for that has had its turn when it has.
    const last = new Image();
    const failed = new Promise((resolve) => last.addEventListener('error', resolve));
    document.body.append(last);
    last.src = 'x';
    await failed;
    expect(Reflect.get(globalThis, 'ran')).toBeUndefined();
  });
});
