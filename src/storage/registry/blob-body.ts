import type { Descriptor } from '../../formats/oci';
import { readBody } from '../read-body';
import type { BlobBody } from './image-source';
import { tooShort } from './resumable-blob';
import { discard } from './transport';

/** Statuses that answer the request for a part of a blob, besides the whole. */
export const rangeAnswers: readonly number[] = [416];

export function rangeFrom(offset: number): Readonly<Record<string, string>> {
  return offset > 0 ? { Range: `bytes=${offset}-` } : {};
}

/** The body of an answer to a request with {@link rangeFrom} (RFC 9110, section 14). */
export function blobBody(response: Response, descriptor: Descriptor, offset: number): BlobBody {
  if (response.status === 416) {
    discard(response);
    throw tooShort(descriptor, offset);
  }
  if (response.status !== 206) return { offset: 0, pieces: readBody(response) };
  // A page of another site may not see this header (CORS). Then the digest will tell.
  const start = /^bytes (\d+)-/.exec(response.headers.get('content-range') ?? '')?.[1];
  return { offset: start === undefined ? offset : Number(start), pieces: readBody(response) };
}
