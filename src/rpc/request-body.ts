import { writableToPort } from './byte-stream';

/** The body of a request as the reading end of a byte stream; it goes as it comes, or whole where a browser has no stream of it. */
export async function requestBodyPort(request: Request): Promise<MessagePort | undefined> {
  if (request.method === 'GET' || request.method === 'HEAD') return undefined;
  const stream = request.body ?? new Response(await request.arrayBuffer()).body;
  const { port1, port2 } = new MessageChannel();
  // Either side's end is told by the port.
  stream?.pipeTo(writableToPort(port1, new AbortController().signal)).catch(() => {});
  return port2;
}
