import type { EngineApi } from '../../api/engine-api';
import { type ErrorCode, SandboxError } from '../../base/errors';
import { chunksOf } from '../../base/streams';

/** The version of the API that is spoken. */
export const apiVersion = '1.47';

/** Nothing listens there: it makes an address of a path. */
const origin = 'http://engine';

type QueryValue = string | number | boolean | readonly string[] | undefined;

export interface EngineCall {
  readonly query?: Readonly<Record<string, QueryValue>>;
  /** Sent as JSON. */
  readonly json?: unknown;
  readonly body?: BodyInit;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
  /** Makes it a hijacked connection. */
  readonly input?: ReadableStream<Uint8Array>;
}

const codes: Readonly<Record<number, ErrorCode>> = {
  400: 'InvalidArgument',
  404: 'NotFound',
  409: 'FailedPrecondition',
  501: 'Unimplemented',
  503: 'Unavailable',
};

/** Calls of the Docker Engine API. What the engine refuses is thrown with its own words, as the docker client says them. */
export class EngineClient {
  readonly #api: EngineApi;

  constructor(api: EngineApi) {
    this.#api = api;
  }

  /** The answer, whose body is the caller's to read or cancel. */
  async call(method: string, path: string, call: EngineCall = {}): Promise<Response> {
    const { query = {}, json, body = json === undefined ? undefined : JSON.stringify(json), headers, signal } = call;
    const url = new URL(`${origin}/v${apiVersion}${path}`);
    for (const [name, value] of Object.entries(query)) {
      for (const each of Array.isArray(value) ? value : [value]) {
        if (each !== undefined && each !== false) url.searchParams.append(name, each === true ? '1' : String(each));
      }
    }
    const init: RequestInit & { duplex?: 'half' } = {
      method,
      headers: { ...(json !== undefined && { 'Content-Type': 'application/json' }), ...headers },
      ...(body !== undefined && { body }),
      ...(signal && { signal }),
      // Asked for by the standard where a body is a stream.
      ...(body instanceof ReadableStream && { duplex: 'half' }),
    };
    const response = await this.#api.fetch(new Request(url, init), call.input && { input: call.input });
    if (response.status >= 400) throw await refusal(response);
    return response;
  }

  async json<T>(method: string, path: string, call?: EngineCall): Promise<T> {
    return (await this.call(method, path, call)).json();
  }

  /** Where the answer does not matter, only that there is a good one. */
  async done(method: string, path: string, call?: EngineCall): Promise<void> {
    const response = await this.call(method, path, call);
    await response.body?.cancel();
  }

  /** The lines of an answer, each of them JSON, as they come. */
  async *lines<T>(method: string, path: string, call?: EngineCall): AsyncGenerator<T, void, undefined> {
    const response = await this.call(method, path, call);
    if (!response.body) return;
    const decoder = new TextDecoder();
    let rest = '';
    for await (const chunk of chunksOf(response.body)) {
      rest += decoder.decode(chunk, { stream: true });
      const lines = rest.split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) if (line.trim() !== '') yield JSON.parse(line);
    }
    if (rest.trim() !== '') yield JSON.parse(rest);
  }
}

async function refusal(response: Response): Promise<SandboxError> {
  const text = await response.text();
  let message = text.trim() || response.statusText || `status ${response.status}`;
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed === 'object' && parsed !== null && 'message' in parsed) message = String(parsed.message);
  } catch {
    // An answer that is no JSON is itself what is said.
  }
  return new SandboxError(codes[response.status] ?? 'Internal', `Error response from daemon: ${message}`, {
    details: { status: response.status },
  });
}

/** The part of an address that names something. */
export const segment = (name: string): string => encodeURIComponent(name);
