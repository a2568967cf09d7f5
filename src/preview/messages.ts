/** Where the bridge and the script of guests' pages are on a preview origin; all else there is the guest's. */
export const bridgePath = '/strata-preview/bridge.html';
export const pageScriptPath = '/strata-preview/page.js';
export const reservedFolder = '/strata-preview/';
export const workerPath = '/strata-preview.js';

/** From the app's page to a bridge, with the port of a PreviewApi. */
export interface AppToBridge {
  readonly kind: 'strata-preview-port';
  /** The one that the bridge's address has. */
  readonly nonce: string;
}

/** From a bridge to the app's page. */
export interface BridgeToApp {
  readonly kind: 'strata-preview';
  readonly nonce: string;
  /** `wanted`: the service worker has lost its port, as the browser has ended it meanwhile. */
  readonly state: 'ready' | 'wanted' | 'failed';
  readonly message?: string;
}

/** From a page of the preview origin to its service worker. */
export type PageToWorker =
  /** From the bridge alone, with the port of a PreviewApi. */
  | { readonly kind: 'strata-port' }
  /** With the port that the WebSocket is spoken on. */
  | { readonly kind: 'strata-socket'; readonly url: string; readonly protocols: readonly string[] }
  | { readonly kind: 'strata-cookie'; readonly url: string; readonly text: string }
  /** Answered on the port that comes along, with the text. */
  | { readonly kind: 'strata-cookies'; readonly url: string };

/** From the service worker to pages: to the bridge, and to guests' pages. */
export interface WorkerToPage {
  readonly kind: 'strata-port-taken' | 'strata-port-wanted' | 'strata-cookies-changed';
}

/** From a guest's page to whoever frames it: where it is. Anybody could say so; it is shown and nothing else. */
export interface PageToFrame {
  readonly kind: 'strata-at';
  /** Path, query and fragment. */
  readonly path: string;
  readonly title: string;
}

/** What a frame without an origin is to show. */
export interface FrameGo {
  /** Absolute, at the address that its pages believe to be at. */
  readonly url: string;
  readonly method: 'GET' | 'POST';
  /** Of a POST: media type and bytes. */
  readonly type?: string;
  readonly body?: ArrayBuffer;
}

/** From the app's page to such a frame, with the port of a PreviewApi. */
export interface AppToFrame extends FrameGo {
  readonly kind: 'strata-frame';
}

/** From such a frame: it has come, and is to be told what to show; or somebody followed a link, or sent a form. */
export type FrameToApp = { readonly kind: 'strata-ready' } | ({ readonly kind: 'strata-go' } & FrameGo);

/** Whom a preview origin serves: `app.json` beside the bridge. */
export interface AppConfig {
  readonly origins: readonly string[];
}
