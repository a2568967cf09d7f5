/**
 * How a thread of the SDK calls the network: it posts the call with memory that both share, and stands still until the
 * answer is there. The same as the SDK has between its threads in Node.
 */
export interface NetworkCall {
  readonly type: 'wasmer-network-rpc';
  readonly bridgeId: number;
  readonly method: NetworkMethod;
  readonly args: readonly unknown[];
  readonly response: SharedArrayBuffer;
}

/** What the SDK asks of a network. Its name for each as a function of the global object is `__wasmerHost` and this. */
export const networkMethods = [
  'resolve',
  'connectTcp',
  'listenTcp',
  'listenerAccept',
  'listenerRefresh',
  'listenerReadable',
  'listenerClose',
  'socketRead',
  'socketWrite',
  'socketFlush',
  'socketClose',
  'socketReadable',
  'socketWritable',
  'socketSetNoDelay',
  'socketSetKeepAlive',
  'socketRefresh',
] as const;

export type NetworkMethod = (typeof networkMethods)[number];

/** Names of the functions that the SDK looks for. */
export function hostFunction(method: NetworkMethod): string {
  return `__wasmerHost${method.slice(0, 1).toUpperCase()}${method.slice(1)}`;
}

/** Words of the answer's head: whether it is there, its kind, its length. */
const headBytes = 16;
const kind = { json: 1, bytes: 2, undefined: 3, null: 4, error: 5 } as const;

/** Room for an answer that is not bytes, or for an error's text. */
const textBytes = 1024;

/** On the thread: calls and waits for the answer. Throws what the call threw, as an error with its text. */
export function callNetwork(bridgeId: number, method: NetworkMethod, args: readonly unknown[]): unknown {
  const wanted = method === 'socketRead' ? Number(args[1]) : 0;
  const response = new SharedArrayBuffer(headBytes + Math.max(textBytes, wanted));
  const head = new Int32Array(response, 0, 4);
  postMessage({ type: 'wasmer-network-rpc', bridgeId, method, args, response } satisfies NetworkCall);
  Atomics.wait(head, 0, 0);
  const [, answer, length = 0] = head;
  // A decoder takes no memory that is shared: a copy.
  const bytes = new Uint8Array(response, headBytes, length).slice();
  const text = (): string => new TextDecoder().decode(bytes);
  if (answer === kind.json) return JSON.parse(text());
  if (answer === kind.bytes) return bytes;
  if (answer === kind.undefined) return undefined;
  if (answer === kind.null) return null;
  throw new Error(text());
}

/** On the thread that has the network: answers a call. */
export async function answerNetwork({ method, args, response }: NetworkCall, network: object): Promise<void> {
  const head = new Int32Array(response, 0, 4);
  const room = new Uint8Array(response, headBytes);
  const give = (what: number, bytes: Uint8Array = new Uint8Array()): void => {
    room.set(bytes.subarray(0, room.length));
    head[1] = what;
    head[2] = Math.min(bytes.length, room.length);
  };
  try {
    const call = (network as Record<NetworkMethod, (...args: readonly unknown[]) => unknown>)[method];
    const result = await call.apply(network, [...args]);
    if (result === undefined) give(kind.undefined);
    else if (result === null) give(kind.null);
    else if (result instanceof Uint8Array) give(kind.bytes, result);
    else give(kind.json, new TextEncoder().encode(JSON.stringify(result)));
  } catch (thrown) {
    give(kind.error, new TextEncoder().encode(String(thrown)));
  }
  Atomics.store(head, 0, 1);
  Atomics.notify(head, 0);
}
