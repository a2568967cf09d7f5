import type { SocketToLab, SocketToPage } from '../../api/preview';
import { encodeBase64 } from '../../base/base64';
import { concatBytes } from '../../base/bytes';
import { SandboxError, toSandboxError } from '../../base/errors';
import { chunksOf } from '../../base/streams';
import { type HttpHeaders, headerTokens, headerValue } from '../../formats/wire/http-head';
import {
  maxControlBytes,
  opcodes,
  serializeWebSocketFrame,
  type WebSocketFrame,
  WebSocketFrameReader,
} from '../../formats/wire/web-socket';
import type { HttpConnection } from '../../network/gateway/http-channel';
import type { HttpClient } from '../../network/gateway/http-client';

export interface SocketRequest {
  /** Made for this socket alone. */
  readonly client: HttpClient;
  readonly target: string;
  /** Of the request, without those of the handshake. */
  readonly headers: HttpHeaders;
  readonly protocols: readonly string[];
  readonly randomBytes: (count: number) => Uint8Array;
}

/** The longest message that is taken from a server. */
const maxMessageBytes = 16 * 1024 * 1024;

/** Bytes that a page may be behind with before its server is held back. */
const windowBytes = 1024 * 1024;

/** RFC 6455, 1.3. */
const acceptSuffix = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

/** RFC 6455, 7.4.1: no status was given, the connection just ended, the server broke the protocol, a text was none. */
const codes = { none: 1005, abnormal: 1006, protocol: 1002, invalid: 1007 } as const;

/**
 * A WebSocket (RFC 6455) between a page, which speaks of messages on a port, and a server. Resolves when it is over;
 * what happens is told on the port.
 */
export async function relayWebSocket(request: SocketRequest, port: MessagePort): Promise<void> {
  const relay = new SocketRelay(request, port);
  await relay.run();
}

class SocketRelay {
  readonly #request: SocketRequest;
  readonly #port: MessagePort;
  readonly #ended = new AbortController();
  #writer: WritableStreamDefaultWriter<Uint8Array> | undefined;
  /** Sends one frame after the other. */
  #sending: Promise<void> = Promise.resolve();
  #parts: WebSocketFrame[] = [];
  #partBytes = 0;
  #behind = 0;
  #wake: (() => void) | undefined;
  #closeSent = false;
  #over = false;

  constructor(request: SocketRequest, port: MessagePort) {
    this.#request = request;
    this.#port = port;
  }

  async run(): Promise<void> {
    const early: SocketToLab[] = [];
    this.#port.onmessage = ({ data }: MessageEvent<SocketToLab>) => {
      if (this.#writer) this.#take(data);
      else early.push(data);
      // The page has given up before there was anything.
      if ('close' in data && !this.#writer) this.#ended.abort();
    };
    try {
      const { connection, protocol } = await this.#open();
      this.#writer = connection.writable.getWriter();
      this.#writer.closed.catch(() => {});
      this.#tell({ open: { protocol } });
      for (const each of early) this.#take(each);
      await this.#read(connection);
    } catch (error) {
      const failed = toSandboxError(error);
      this.#end(failed.code === 'InvalidArgument' ? codes.protocol : codes.abnormal, '', failed.message);
    }
  }

  async #open(): Promise<{ readonly connection: HttpConnection; readonly protocol: string }> {
    const { client, target, headers, protocols, randomBytes } = this.#request;
    const key = encodeBase64(randomBytes(16));
    const handshake: HttpHeaders = [
      ['Connection', 'Upgrade'],
      ['Upgrade', 'websocket'],
      ['Sec-WebSocket-Version', '13'],
      ['Sec-WebSocket-Key', key],
      ...(protocols.length > 0 ? [['Sec-WebSocket-Protocol', protocols.join(', ')] as const] : []),
    ];
    const answer = await client.request(
      { method: 'GET', target, headers: [...headers, ...handshake] },
      this.#ended.signal,
    );
    if (!answer.upgraded) {
      void answer.body.cancel();
      const message = `The server did not open a WebSocket: it answered ${answer.status} ${answer.reason}`;
      throw new SandboxError('FailedPrecondition', message);
    }
    const protocol = headerValue(answer.headers, 'sec-websocket-protocol') ?? '';
    const right =
      headerTokens(answer.headers, 'upgrade').includes('websocket') &&
      headerValue(answer.headers, 'sec-websocket-accept') === (await acceptOf(key)) &&
      (protocol === '' || protocols.includes(protocol));
    if (right) return { connection: answer.upgraded, protocol };
    void answer.upgraded.readable.cancel();
    throw new SandboxError('InvalidArgument', 'The server answered the handshake of the WebSocket wrongly');
  }

  async #read({ readable }: HttpConnection): Promise<void> {
    const frames = new WebSocketFrameReader(maxMessageBytes);
    for await (const bytes of chunksOf(readable)) {
      for (const frame of frames.push(bytes)) {
        if (!this.#takeFrame(frame)) continue;
        await this.#sending;
        return;
      }
      while (this.#behind > windowBytes && !this.#ended.signal.aborted) await this.#news();
      if (this.#ended.signal.aborted) return;
    }
    this.#end(codes.abnormal, '', 'The server ended the connection');
  }

  /** Whether it was the last one. */
  #takeFrame(frame: WebSocketFrame): boolean {
    const { opcode, payload } = frame;
    if (opcode === opcodes.ping) this.#send(opcodes.pong, payload);
    else if (opcode === opcodes.close) {
      const status = payload.length >= 2 ? new DataView(payload.buffer).getUint16(0) : codes.none;
      if (!this.#closeSent) this.#send(opcodes.close, payload.subarray(0, 2));
      const reason = new TextDecoder().decode(payload.subarray(2));
      this.#sending = this.#sending.then(() => this.#end(status, reason));
      return true;
    } else if (opcode !== opcodes.pong) this.#takePart(frame);
    return false;
  }

  #takePart(frame: WebSocketFrame): void {
    const continues = frame.opcode === opcodes.continuation;
    if (continues !== this.#parts.length > 0) {
      throw new SandboxError('InvalidArgument', 'The server mixed the parts of two messages');
    }
    this.#parts.push(frame);
    this.#partBytes += frame.payload.length;
    if (this.#partBytes > maxMessageBytes) {
      throw new SandboxError('InvalidArgument', `The server sent a message of more than ${maxMessageBytes} bytes`);
    }
    if (!frame.final) return;
    const parts = this.#parts;
    this.#parts = [];
    this.#partBytes = 0;
    const payload = concatBytes(parts.map((part) => part.payload));
    this.#behind += payload.length;
    if (parts[0]?.opcode === opcodes.text) this.#tell({ message: textOf(payload) });
    else this.#port.postMessage({ message: payload.buffer } satisfies SocketToPage, [payload.buffer]);
  }

  #take(data: SocketToLab): void {
    if ('taken' in data) {
      this.#behind -= data.taken;
      this.#wake?.();
    } else if ('send' in data) {
      const text = typeof data.send === 'string';
      const payload = text ? new TextEncoder().encode(data.send as string) : new Uint8Array(data.send as ArrayBuffer);
      this.#send(text ? opcodes.text : opcodes.binary, payload, () => this.#tell({ sent: payload.length }));
    } else this.#close(data.close);
  }

  #close({ code, reason = '' }: { readonly code?: number; readonly reason?: string }): void {
    if (this.#closeSent) return;
    this.#closeSent = true;
    const status = new Uint8Array(code === undefined ? 0 : 2);
    if (code !== undefined) new DataView(status.buffer).setUint16(0, code);
    this.#send(opcodes.close, concatBytes([status, new TextEncoder().encode(reason)]).slice(0, maxControlBytes));
  }

  #send(opcode: number, payload: Uint8Array<ArrayBuffer>, sent = () => {}): void {
    const mask = this.#request.randomBytes(4);
    const frame = serializeWebSocketFrame({ final: true, opcode, payload }, mask);
    this.#sending = this.#sending
      .then(() => this.#writer?.write(frame))
      .then(sent)
      .catch((error: unknown) => this.#end(codes.abnormal, '', toSandboxError(error).message));
  }

  #end(code: number, reason: string, failed?: string): void {
    if (this.#over) return;
    this.#over = true;
    this.#tell({ closed: { code, reason, ...(failed !== undefined && { failed }) } });
    this.#ended.abort();
    this.#wake?.();
    this.#writer?.close().catch(() => {});
    this.#request.client.dispose();
    this.#port.close();
  }

  #tell(message: SocketToPage): void {
    this.#port.postMessage(message);
  }

  #news(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }
}

/** What the server must answer a key with (RFC 6455, 4.2.2). */
async function acceptOf(key: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-1', new TextEncoder().encode(key + acceptSuffix));
  return encodeBase64(new Uint8Array(digest));
}

function textOf(payload: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(payload);
  } catch {
    throw new SandboxError('InvalidArgument', 'The server sent a text that is no UTF-8');
  }
}
