import { createDeferred, type Deferred } from '../../base/deferred';
import { toSandboxError } from '../../base/errors';

/** Lines that wait for a slow client; from then on its maker leaves out what only tells progress. */
const lineLimit = 4096;

/** Takes a line of the answer. False: the client is behind, and what can be left out should be. */
export type WriteLine = (line: unknown) => boolean;

/**
 * An answer of one JSON document a line, written while `work` goes on. What fails before the first line is an ordinary
 * failure with its status; what fails later is the last line (moby, pkg/streamformatter). When the client hangs up, the
 * signal that `work` got fires.
 */
export async function jsonLines(
  request: AbortSignal,
  work: (write: WriteLine, signal: AbortSignal) => Promise<void>,
): Promise<Response> {
  const lines: string[] = [];
  const hungUp = new AbortController();
  const hangUp = (): void => hungUp.abort(request.reason);
  request.addEventListener('abort', hangUp, { once: true });
  const begun = createDeferred<void>();
  let wake: Deferred<void> = createDeferred();
  let ended = false;
  const write: WriteLine = (line) => {
    lines.push(`${JSON.stringify(line)}\r\n`);
    begun.resolve();
    wake.resolve();
    return lines.length < lineLimit;
  };
  const failed = (error: unknown): void => {
    begun.reject(error);
    const { message } = toSandboxError(error);
    write({ errorDetail: { message }, error: message });
  };
  const end = (): void => {
    ended = true;
    request.removeEventListener('abort', hangUp);
    begun.resolve();
    wake.resolve();
  };
  void work(write, hungUp.signal).catch(failed).finally(end);
  await begun.promise;
  const body = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        while (lines.length === 0 && !ended) {
          await wake.promise;
          wake = createDeferred();
        }
        if (lines.length > 0) controller.enqueue(new TextEncoder().encode(lines.splice(0).join('')));
        else controller.close();
      },
      cancel: () => hungUp.abort(),
    },
    { highWaterMark: 0 },
  );
  return new Response(body, { headers: { 'content-type': 'application/json' } });
}

/** An answer of what a stream gives, a line each; the client hears at once that it will come. */
export function jsonLinesOf(stream: ReadableStream<unknown>): Response {
  const lines = new TransformStream<unknown, Uint8Array>({
    transform(value, controller) {
      controller.enqueue(new TextEncoder().encode(`${JSON.stringify(value)}\n`));
    },
  });
  return new Response(stream.pipeThrough(lines), { headers: { 'content-type': 'application/json' } });
}
