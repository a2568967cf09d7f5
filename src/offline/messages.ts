/** What the page tells a new version of the worker: begin now, the page that asks is the only one. */
export interface ToServiceWorker {
  readonly kind: 'begin';
}

/** The worker asks its pages who has the lab; it comes with a port, on which that page answers as an {@link EngineLine}. */
export interface ToPage {
  readonly kind: 'engine-wanted';
}

/** Where the Docker Engine API is, below the page: `engine/v1.47/containers/json`. */
export const engineFolder = 'engine/';

/** A request of the Docker Engine API on its way to the page that has the lab. */
export interface EngineLineRequest {
  readonly method: string;
  /** What follows the folder, with its query: `/v1.47/containers/json?all=1`. */
  readonly target: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** The reading end of a byte stream (rpc/byte-stream.ts). */
  readonly body?: MessagePort;
  /** The writing end of the stream that the body of the answer goes into. Canceling it hangs up. */
  readonly answer: MessagePort;
}

export interface EngineLineAnswer {
  readonly status: number;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly hasBody: boolean;
}

/** What the worker asks of the page that has the lab. */
export interface EngineLine {
  ready(): Promise<void>;
  request(request: EngineLineRequest): Promise<EngineLineAnswer>;
}
