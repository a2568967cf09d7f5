import type { EngineApi } from '../api/engine-api';
import { SandboxError } from '../base/errors';
import { headerList } from '../base/header-list';
import { chunksOf, streamOf } from '../base/streams';
import { readableFromPort, writableToPort } from '../rpc/byte-stream';
import { expose } from '../rpc/control';
import type { EngineLine, EngineLineAnswer, EngineLineRequest } from './messages';

/** Answers the service worker's requests of the Docker Engine API on a port, which is for one of them. */
export function serveEngineLine(api: EngineApi, port: MessagePort): void {
  const line: EngineLine = {
    ready: async () => undefined,
    request: (asked) => answer(api, asked),
  };
  expose(line, port);
}

async function answer(
  api: EngineApi,
  { method, target, headers, body, answer: port }: EngineLineRequest,
): Promise<EngineLineAnswer> {
  const hungUp = new AbortController();
  // From the beginning: the request may be canceled before there is anything to write.
  const writer = writableToPort(port, new AbortController().signal).getWriter();
  writer.closed.catch(() => hungUp.abort());
  try {
    // Whole: browsers send no streams to themselves in HTTP/1.1 either.
    const sent = body && (await whole(body, hungUp.signal));
    if (hungUp.signal.aborted) throw new SandboxError('Canceled', 'The request was canceled');
    const request = new Request(new URL(target, 'http://engine'), {
      method,
      headers: headers.map(([name, value]): [string, string] => [name, value]),
      signal: hungUp.signal,
      ...(sent && { body: sent }),
    });
    const response = await api.fetch(request);
    void send(response.body, writer, hungUp.signal);
    return { status: response.status, headers: headerList(response.headers), hasBody: response.body !== null };
  } catch (error) {
    writer.abort(error).catch(() => undefined);
    throw error;
  }
}

function whole(body: MessagePort, hungUp: AbortSignal): Promise<Blob> {
  const bytes = readableFromPort(body, new AbortController().signal);
  return new Response(streamOf(chunksOf(bytes, hungUp))).blob();
}

async function send(
  body: ReadableStream<Uint8Array> | null,
  writer: WritableStreamDefaultWriter<Uint8Array>,
  hungUp: AbortSignal,
): Promise<void> {
  try {
    if (body) for await (const bytes of chunksOf(body, hungUp)) await writer.write(bytes);
    await writer.close();
  } catch (error) {
    await writer.abort(error).catch(() => undefined);
  }
}
