/**
 * The Docker Engine API as a function from `Request` to `Response` (docs/ENGINE.md). Paths are those of the API with or
 * without a version (`/containers/json`, `/v1.47/containers/json`) on any origin: `http://engine/_ping`. It runs in a page,
 * in a worker and in Node, and never rejects: what goes wrong is a response with moby's status and
 * `{"message": "No such container: web"}`.
 *
 * **Streams.** Long answers have a body that comes as things happen (pull, build, events, `logs?follow=1`, stats). To cancel
 * the body, or to abort the request's signal, is to hang up. Requests with a body (build, load, `PUT …/archive`) may have
 * it as a stream; where a browser has no streams in `Request`, a Blob does as well.
 *
 * **Hijacked connections.** After `POST /containers/{id}/attach` and `POST /exec/{id}/start` the connection of HTTP/1.1 is
 * no HTTP any more, it is the process's input and output. That cannot be said by `Request` and `Response` alone: pages
 * may not set `Connection` and `Upgrade`, `new Response` knows no 101, and the body of exec's start is JSON. So:
 *
 * - the input is handed over beside the request: `fetch(request, { input })`. Its end is the end of stdin (half-close), and
 *   output goes on. No `Upgrade` has to be asked for. Without `input` the process gets an empty one at once.
 * - the answer is a 200 with `Upgrade: tcp`, and its body is the output: raw bytes (`application/vnd.docker.raw-stream`)
 *   where there is a terminal, otherwise frames (`application/vnd.docker.multiplexed-stream`, see `StreamFrame`). It ends
 *   when the process ends or the user typed the detach keys. To cancel it is to hang up, which detaches.
 * - any other answer (404, 409, or 200 without `Upgrade` of a start with `Detach`) is an ordinary one, and `input` was not
 *   touched.
 *
 * Whoever has a socket (src/bridge) writes `101 UPGRADED` in place of such a 200 to clients that asked for an upgrade.
 */
export interface EngineApi {
  fetch(request: Request, connection?: HijackedConnection): Promise<Response>;
}

/** What a client sends on its connection after the request and its body. */
export interface HijackedConnection {
  readonly input: ReadableStream<Uint8Array>;
}

/** Where a frame of a multiplexed stream comes from: its first byte. */
export type StreamSource = 'stdin' | 'stdout' | 'stderr';

/** One frame of a multiplexed stream: source, three zeros, length (32 bits, big-endian), then that many bytes. */
export interface StreamFrame {
  readonly source: StreamSource;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** What is said of failures: `{"message": "…"}`. */
export interface EngineApiError {
  readonly message: string;
}

/** A line of the progress of pull, push, load, import and build (moby, pkg/jsonmessage). */
export interface JsonMessage {
  readonly stream?: string;
  readonly status?: string;
  readonly progressDetail?: { readonly current?: number; readonly total?: number };
  readonly progress?: string;
  readonly id?: string;
  readonly error?: string;
  readonly errorDetail?: { readonly code?: number; readonly message: string };
  readonly aux?: Readonly<Record<string, unknown>>;
}
