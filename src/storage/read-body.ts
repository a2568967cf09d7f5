import { concatBytes } from '../base/bytes';
import { SandboxError } from '../base/errors';

/** Bytes of a response's body, `Unavailable` when the connection breaks. Leaving early cancels the rest. */
export async function* readBody(response: Response): AsyncGenerator<Uint8Array<ArrayBuffer>, void, undefined> {
  if (!response.body) return;
  const reader = response.body.getReader();
  try {
    for (;;) {
      const { value, done } = await reader.read().catch((cause: unknown) => {
        throw new SandboxError('Unavailable', 'the connection broke', { cause });
      });
      if (done) return;
      yield value;
    }
  } finally {
    // Not awaited: a body that is stuck must not hold us back.
    reader.cancel().catch(() => undefined);
  }
}

/** The whole of a small body. `InvalidArgument` when there is more than the limit, however much was announced. */
export async function readLimited(response: Response, limit: number): Promise<Uint8Array<ArrayBuffer>> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const piece of readBody(response)) {
    length += piece.length;
    if (length > limit) throw new SandboxError('InvalidArgument', `more than ${limit} bytes came`);
    parts.push(piece);
  }
  return concatBytes(parts);
}
