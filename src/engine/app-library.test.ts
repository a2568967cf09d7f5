import { describe, expect, it } from 'vitest';
import { AppLibrary } from './app-library';
import { createStores } from './stores-fixture';

const bytesOf = (text: string): ArrayBuffer => new TextEncoder().encode(text).buffer;
const textOf = (bytes: ArrayBuffer | undefined): string => new TextDecoder().decode(bytes);

describe('the library of apps', () => {
  it('gives back programs and files that were brought', async () => {
    const library = new AppLibrary((await createStores()).blobs);
    const { name, image } = await library.bring('My Program.wasm', bytesOf('program'));
    const files = [await library.bringFile('a/b', bytesOf('one')), await library.bringFile('c', bytesOf('two'))];
    expect(name).toBe('my-program');
    expect(image).toMatch(/^local\/my-program@sha256:/);
    expect(textOf(await library.loadApp(image))).toBe('program');
    expect((await library.loadFiles(files)).map(textOf)).toEqual(['one', 'two']);
    expect(files[0]).toMatchObject({ path: 'a/b', size: 3 });
  });

  it('deletes what nobody uses when the page is opened the next time, and not before', async () => {
    const { blobs } = await createStores();
    const first = new AppLibrary(blobs);
    const used = await first.bring('used.wasm', bytesOf('used'));
    const file = await first.bringFile('file', bytesOf('file'));
    const unused = await first.bring('unused.wasm', bytesOf('unused'));
    await first.sweep([]);
    expect(textOf(await first.loadApp(unused.image))).toBe('unused');
    const second = new AppLibrary(blobs);
    await second.sweep([{ image: used.image, files: [file] }]);
    expect(textOf(await second.loadApp(used.image))).toBe('used');
    expect(await second.loadFiles([file])).toHaveLength(1);
    await expect(second.loadApp(unused.image)).rejects.toMatchObject({ code: 'NotFound' });
  });

  it('says that an image of another kind is no program of its own', async () => {
    const library = new AppLibrary((await createStores()).blobs);
    await expect(library.loadApp('strata/kernel:6.1')).rejects.toMatchObject({ code: 'NotFound' });
  });
});
