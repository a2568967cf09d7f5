/** Whose end also ends the work, if there is anybody. */
function linked(outer: AbortSignal | undefined): { readonly abort: AbortController; unlink(): void } {
  const abort = new AbortController();
  const onAbort = (): void => abort.abort(outer?.reason);
  outer?.addEventListener('abort', onAbort);
  if (outer?.aborted) onAbort();
  return { abort, unlink: () => outer?.removeEventListener('abort', onAbort) };
}

/**
 * Does the work for each item, `width` at a time, in their order. The first failure stops the rest, and is thrown when
 * everything has ended: nothing goes on afterwards.
 */
export async function runPool<T>(
  items: readonly T[],
  width: number,
  outer: AbortSignal | undefined,
  work: (item: T, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const { abort, unlink } = linked(outer);
  const queue = [...items];
  let failure: { readonly error: unknown } | undefined;
  const worker = async (): Promise<void> => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) {
      try {
        await work(item, abort.signal);
      } catch (error) {
        failure ??= { error };
        queue.length = 0;
        abort.abort(error);
      }
    }
  };
  await Promise.all(Array.from({ length: width }, worker));
  unlink();
  if (failure) throw failure.error;
}
