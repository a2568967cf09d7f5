/**
 * Runs in a frame that has no origin, and shows one page of a guest there. What the page needs is fetched over the
 * port of the lab and put into it; following a link is asked of the app, which makes another frame for it.
 */
import type { PreviewApi } from '../api/preview';
import { SandboxError } from '../base/errors';
import { connect } from '../rpc/control';
import { FrameFetcher } from './frame-fetcher';
import { FramePage } from './frame-page';
import type { AppToFrame, FrameGo, FrameToApp, PageToFrame } from './messages';

/** The page of the app, whose file this is. */
const app = location.origin;

function go(what: FrameGo): void {
  parent.postMessage({ kind: 'strata-go', ...what } satisfies FrameToApp, app);
}

function at(url: URL, title: string): void {
  const path = `${url.pathname}${url.search}${url.hash}`;
  parent.postMessage({ kind: 'strata-at', path, title } satisfies PageToFrame, app);
}

async function show(what: FrameGo, port: MessagePort): Promise<void> {
  const fetcher = new FrameFetcher(connect<PreviewApi>(port).remote);
  const page = new FramePage({ fetcher, go, at });
  try {
    await page.show(what);
  } catch (error) {
    document.body.textContent = error instanceof SandboxError ? error.message : String(error);
  }
}

// With an origin this would be the app's page, and a guest's script one of the app's.
if (self.origin === 'null' && parent !== self) {
  const hear = ({ source, origin, data, ports: [port] }: MessageEvent<Partial<AppToFrame> | null>): void => {
    if (source !== parent || origin !== app || data?.kind !== 'strata-frame' || !port) return;
    removeEventListener('message', hear);
    void show(data as AppToFrame, port);
  };
  addEventListener('message', hear);
  parent.postMessage({ kind: 'strata-ready' } satisfies FrameToApp, app);
}
