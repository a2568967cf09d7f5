import * as Comlink from 'comlink';
import { type ErrorRecord, parseError, SandboxError, serializeError } from '../base/errors';

/**
 * Calls between threads: comlink over one MessagePort, with two things comlink lacks. An error keeps its
 * code across the boundary, and when the other side dies every call still waiting is rejected.
 */

/** The remote side of `T`: every method returns a promise. */
export type Remote<T> = Comlink.Remote<T>;

/** Marks a callback argument to be called across the boundary instead of copied. */
export const callback = <T extends (...args: never[]) => unknown>(fn: T): T & Comlink.ProxyMarked => Comlink.proxy(fn);

/** Moves what is in `transfers` instead of copying it. */
export const transfer = <T extends object>(value: T, transfers: Transferable[]): T =>
  Comlink.transfer(value, transfers);

const thrownByComlink = Comlink.transferHandlers.get('throw');
if (thrownByComlink) {
  Comlink.transferHandlers.set('throw', {
    canHandle: thrownByComlink.canHandle,
    serialize: (thrown) => [serializeError((thrown as { value: unknown }).value), []],
    deserialize: (record) => {
      throw parseError(record as ErrorRecord);
    },
  });
}

/** Serves `api` on the port until the port closes. */
export function expose(api: object, port: MessagePort): void {
  Comlink.expose(api, port);
}

/** A connection to an object in another thread. */
export interface Connection<T> {
  readonly remote: Remote<T>;
  /** Rejects all waiting and later calls with `reason` and closes the port. */
  close(reason: SandboxError): void;
}

/** Connects to what the other thread exposed on the entangled port. */
export function connect<T>(port: MessagePort): Connection<T> {
  const inner = Comlink.wrap<T>(port);
  const waiting = new Set<(reason: SandboxError) => void>();
  let closed: SandboxError | undefined;

  const call = (method: PropertyKey, args: unknown[]): Promise<unknown> => {
    if (closed) return Promise.reject(closed);
    return new Promise((resolve, reject) => {
      waiting.add(reject);
      const settle = (done: () => void): void => {
        if (waiting.delete(reject)) done();
      };
      const target = inner as unknown as Record<PropertyKey, (...args: unknown[]) => Promise<unknown>>;
      const method_ = target[method];
      if (!method_) {
        settle(() => reject(new SandboxError('Unimplemented', `No such remote method: ${String(method)}`)));
        return;
      }
      method_(...args).then(
        (value) => settle(() => resolve(value)),
        (error: unknown) => settle(() => reject(error)),
      );
    });
  };

  const remote = new Proxy({} as object, {
    // Not thenable: a remote that is awaited by mistake must not be called as a promise.
    get: (_, method) => (method === 'then' ? undefined : (...args: unknown[]) => call(method, args)),
  }) as Remote<T>;

  return {
    remote,
    close(reason) {
      if (closed) return;
      closed = reason;
      for (const reject of [...waiting]) reject(reason);
      waiting.clear();
      port.close();
    },
  };
}
