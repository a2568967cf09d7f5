import { packTar, type TarEntry } from 'modern-tar';
import { systemClock } from '../../base/clock';
import { openTestImages } from '../images-fixture';
import { Registries } from '../registries';
import { EngineRouter } from './engine-router';
import { imageRoutes } from './image-routes';
import { imageTransferRoutes } from './image-transfer-routes';

/** The routes of images over a real store behind a port, with nothing in it. */
export async function openImageApi() {
  const { images, remote, close } = await openTestImages();
  const registries = new Registries({ remote });
  const routes = [...imageRoutes({ images, clock: systemClock }), ...imageTransferRoutes({ images, registries })];
  const router = new EngineRouter({ routes, server: 'Strata/0 (linux)' });
  return {
    images,
    request: (method: string, path: string, init: RequestInit = {}): Promise<Response> =>
      router.fetch(new Request(`http://engine${path}`, { method, ...init })),
    close,
  };
}

/** A root file system with one file. */
export function smallRoot(text: string): Promise<Uint8Array<ArrayBuffer>> {
  const file: TarEntry = { header: { name: 'note', mode: 0o644, size: text.length }, body: text };
  return packTar([file]) as Promise<Uint8Array<ArrayBuffer>>;
}
