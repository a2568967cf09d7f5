/** Names as they were written, in their order. */
export type PreviewHeaders = readonly (readonly [name: string, value: string])[];

/** A request of a guest's page, as its browser makes it. */
export interface PreviewRequest {
  readonly method: string;
  /** Absolute. */
  readonly url: string;
  readonly headers: PreviewHeaders;
  /** What it is for, as in the Fetch standard: "iframe", "image", "" for what scripts ask. */
  readonly destination: string;
  /** The page that asks, as far as it may be known; "" when it may not. */
  readonly referrer: string;
  /** The reading end of a byte stream (rpc/byte-stream.ts). */
  readonly body?: MessagePort;
  /** The writing end of the stream that the body of the answer goes into. Canceling it cancels the request. */
  readonly answer: MessagePort;
}

/** The head of an answer: the guest's, or one that says why there is none. */
export interface PreviewAnswer {
  /** 200 to 599. */
  readonly status: number;
  readonly reason: string;
  /** Those that a page may have. */
  readonly headers: PreviewHeaders;
  readonly hasBody: boolean;
  /** What `document.cookie` of the guest's pages shows may be different now. */
  readonly cookiesChanged: boolean;
}

/** What previews ask of the lab, over a MessagePort. */
export interface PreviewApi {
  /** Never fails for what a guest does: that is told by the answer. */
  request(request: PreviewRequest): Promise<PreviewAnswer>;
  /** Opens a WebSocket; all that comes of it is told on the port. */
  openSocket(url: string, protocols: readonly string[], port: MessagePort): Promise<void>;
  /** What `document.cookie` is on a page of that address. */
  cookies(url: string): Promise<string>;
  /** `document.cookie = text`. */
  setCookie(url: string, text: string): Promise<void>;
}

/** On the port of a WebSocket, to its page. */
export type SocketToPage =
  | { readonly open: { readonly protocol: string } }
  | { readonly message: string | ArrayBuffer }
  /** So many bytes of what the page sent have been handed on. */
  | { readonly sent: number }
  /** The end; `failed` says why in plain words when it is one. */
  | { readonly closed: { readonly code: number; readonly reason: string; readonly failed?: string } };

/** On the port of a WebSocket, from its page. */
export type SocketToLab =
  | { readonly send: string | ArrayBuffer }
  /** So many bytes of what came have been dealt with. */
  | { readonly taken: number }
  | { readonly close: { readonly code?: number; readonly reason?: string } };
