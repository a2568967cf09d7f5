import { describe, expect, it } from 'vitest';
import { rewriteStyle } from './rewrite-style';

const rewritten = (text: string) =>
  rewriteStyle(text, async (address, imported) =>
    address === 'gone' ? undefined : `${imported ? 'i' : 'u'}:${address}`,
  );

describe('addresses in a stylesheet', () => {
  it.each([
    ['a { background: url(x.png) }', 'a { background: url("u:x.png") }'],
    [`b{src:url( "a b.woff" ),url('c')}`, 'b{src:url("u:a b.woff"),url("u:c")}'],
    ['@import "other.css";', '@import url("i:other.css");'],
    ["@import 'other.css' print;", '@import url("i:other.css") print;'],
    ['@import url(other.css);', '@import url("i:other.css");'],
    ['/* url(no.png) */p{}', '/* url(no.png) */p{}'],
    ['i{background:url(data:image/png;base64,AA)}', 'i{background:url(data:image/png;base64,AA)}'],
    ['i{filter:url(#blur)}', 'i{filter:url(#blur)}'],
    ['i{background:url(gone)}', 'i{background:url("about:blank")}'],
    ['i{content:"text"}', 'i{content:"text"}'],
  ])('%s becomes %s', async (text, expected) => {
    expect(await rewritten(text)).toBe(expected);
  });
});
