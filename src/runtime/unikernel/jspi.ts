type AnyFunction = (...args: never[]) => unknown;

/** JavaScript Promise Integration (WebAssembly, phase 4), which the type checker's library does not know. */
interface Jspi {
  /** An import that the module waits for. */
  readonly Suspending: new (
    call: AnyFunction,
  ) => WebAssembly.ImportValue;
  /** An export that may wait. */
  promising(call: AnyFunction): (...args: never[]) => Promise<unknown>;
}

/** Undefined where the engine has none. */
export function findJspi(): Jspi | undefined {
  const found = WebAssembly as unknown as Partial<Jspi>;
  return found.Suspending && found.promising ? (found as Jspi) : undefined;
}
