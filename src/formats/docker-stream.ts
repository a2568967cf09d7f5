import type { StreamFrame, StreamSource } from '../api/engine-api';
import { SandboxError } from '../base/errors';

const sources: readonly StreamSource[] = ['stdin', 'stdout', 'stderr'];

/** One byte for the stream, three zeros, four for the length. */
const headerBytes = 8;

/** No daemon writes longer frames; a larger length is a stream that is not multiplexed. */
const frameLimit = 64 * 1024 * 1024;

/** A frame of `application/vnd.docker.multiplexed-stream` (Engine API, "Attach to a container", "Stream format"). */
export function serializeStreamFrame({ source, bytes }: StreamFrame): Uint8Array<ArrayBuffer> {
  const frame = new Uint8Array(headerBytes + bytes.length);
  frame[0] = sources.indexOf(source);
  new DataView(frame.buffer).setUint32(4, bytes.length);
  frame.set(bytes, headerBytes);
  return frame;
}

/**
 * Reads a multiplexed stream. A frame comes in pieces as they arrive, so that no frame has to fit in memory.
 * `DataLoss` for what is no such stream, and for one that ends within a frame.
 */
export async function* parseDockerStream(
  chunks: AsyncIterable<Uint8Array<ArrayBuffer>>,
): AsyncGenerator<StreamFrame, void, undefined> {
  const header = new Uint8Array(headerBytes);
  let headerFilled = 0;
  let left = 0;
  for await (const chunk of chunks) {
    for (let at = 0; at < chunk.length; ) {
      if (left === 0) {
        const part = chunk.subarray(at, at + headerBytes - headerFilled);
        header.set(part, headerFilled);
        headerFilled += part.length;
        at += part.length;
        if (headerFilled < headerBytes) continue;
        left = frameLength(header);
        headerFilled = 0;
        continue;
      }
      const bytes = chunk.subarray(at, at + left);
      at += bytes.length;
      left -= bytes.length;
      yield { source: sourceOfHeader(header), bytes };
    }
  }
  if (left > 0 || headerFilled > 0) {
    throw new SandboxError('DataLoss', 'The stream of output ended within a frame');
  }
}

function frameLength(header: Uint8Array<ArrayBuffer>): number {
  const length = new DataView(header.buffer).getUint32(4);
  if (header[1] !== 0 || header[2] !== 0 || header[3] !== 0 || length > frameLimit) {
    throw new SandboxError('DataLoss', 'Unrecognized input header: the stream of output is not in frames');
  }
  return length;
}

function sourceOfHeader(header: Uint8Array): StreamSource {
  const source = sources[header[0] ?? 0];
  if (!source) throw new SandboxError('DataLoss', `Unrecognized input header: ${header[0]}`);
  return source;
}
