import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { injectMarkup } from './inject-markup';

const mark = '<i>';

async function injected(...chunks: readonly (string | Uint8Array<ArrayBuffer>)[]): Promise<string> {
  const bytes = chunks.map((chunk) => (typeof chunk === 'string' ? new TextEncoder().encode(chunk) : chunk));
  const stream = new ReadableStream<Uint8Array<ArrayBuffer>>({
    start(controller) {
      for (const each of bytes) controller.enqueue(each);
      controller.close();
    },
  });
  return new Response(stream.pipeThrough(injectMarkup(mark))).text();
}

describe('markup put into a page', () => {
  it.each([
    ['<p>Hello', `${mark}<p>Hello`],
    ['Hello', `${mark}Hello`],
    ['<!doctype html><title>x', `<!doctype html>${mark}<title>x`],
    [
      '<!DOCTYPE html>\n<html lang="en">\n <head id="a">\n <meta',
      `<!DOCTYPE html>\n<html lang="en">\n <head id="a">\n ${mark}<meta`,
    ],
    ['<!-- a > b --><html><body>', `<!-- a > b --><html>${mark}<body>`],
    ['<header>x', `${mark}<header>x`],
    ['<html', `${mark}<html`],
    ['<!doctype html>', `<!doctype html>${mark}`],
    ['<script>1</script><head>', `${mark}<script>1</script><head>`],
    ['', ''],
  ])('comes before all that %j does', async (page, expected) => {
    expect(await injected(page)).toBe(expected);
  });

  it('comes to the same place however the page is cut', async () => {
    const page = '<!doctype html><!-- x --><html lang="en"><head><title>Hello</title></head>';
    const whole = await injected(page);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(page.length), { maxLength: 6 }), async (cuts) => {
        const at = [0, ...cuts.sort((a, b) => a - b), page.length];
        const pieces = at.slice(1).map((end, index) => page.slice(at[index], end));
        expect(await injected(...pieces)).toBe(whole);
      }),
    );
  });

  it('keeps the mark of UTF-8 first, and leaves UTF-16 alone', async () => {
    const withMark = Uint8Array.of(0xef, 0xbb, 0xbf, ...new TextEncoder().encode('<!doctype html><p>'));
    // Reading as text takes the mark away.
    expect(await injected(withMark)).toBe(`<!doctype html>${mark}<p>`);
    expect(await injected(Uint8Array.of(0xff, 0xfe, 0x3c, 0))).not.toContain(mark);
  });

  it('does not wait for more than it needs', async () => {
    const stream = new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>();
    const writer = stream.writable.getWriter();
    const reader = stream.readable.pipeThrough(injectMarkup(mark)).getReader();
    void writer.write(new TextEncoder().encode('<!doctype html><h1>First'));
    expect(new TextDecoder().decode((await reader.read()).value)).toBe(`<!doctype html>${mark}<h1>First`);
    void writer.write(new TextEncoder().encode('<!doctype html>'));
    expect(new TextDecoder().decode((await reader.read()).value)).toBe('<!doctype html>');
  });

  it('gives up to look after a kilobyte', async () => {
    const page = `<!--${'x'.repeat(3000)}--><head>`;
    expect(await injected(page)).toBe(`${mark}${page}`);
  });
});
