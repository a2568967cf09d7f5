import { concatBytes } from '../base/bytes';
import { SandboxError } from '../base/errors';
import { chunksOf } from '../base/streams';
import { fileLimit } from '../sdk/protocol';

/** The beginning of what a stream says. The rest is taken and forgotten, so that who writes goes on. */
export class KeptOutput {
  readonly #limit: number;
  readonly #parts: Uint8Array[] = [];
  #length = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  push(part: Uint8Array): void {
    const room = part.subarray(0, Math.max(0, this.#limit - this.#length));
    if (room.length > 0) this.#parts.push(room);
    this.#length += room.length;
  }

  get full(): boolean {
    return this.#length >= this.#limit;
  }

  bytes(): Uint8Array {
    return concatBytes(this.#parts);
  }

  text(): string {
    return new TextDecoder().decode(this.bytes());
  }
}

export async function keepOutput(stream: ReadableStream<Uint8Array>, limit: number): Promise<KeptOutput> {
  const kept = new KeptOutput(limit);
  for await (const part of chunksOf(stream)) kept.push(part);
  return kept;
}

export function tooLarge(path: string): SandboxError {
  const message = `${path} has more than ${fileLimit} bytes, the most that is read or written at once`;
  return new SandboxError('ResourceExhausted', message);
}
