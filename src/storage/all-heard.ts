/** Ends once the last event has been heard: events and the result of a call come by separate ports, in any order. */
export async function allHeard<E, T>(
  onEvent: ((event: E) => void) | undefined,
  work: (tell: ((event: E) => void) | undefined) => Promise<T>,
): Promise<T> {
  let last: unknown;
  const tell = (event: E): void => {
    last = onEvent?.(event);
  };
  try {
    return await work(onEvent && tell);
  } finally {
    await Promise.resolve(last).catch(() => undefined);
  }
}
